// Runs files of the JSON-Schema-Test-Suite: `validation_suite_runner [--remotes FOLDER] FILE...`. Prints one line a
// file and every case that failed; the last line has the sums. Exit status 1 when a case failed.

#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sallyport/validation/json_reader.hpp"
#include "sallyport/validation/schema.hpp"

namespace {

namespace json = boost::json;
namespace validation = sallyport::validation;

constexpr std::string_view kRemoteUri = "http://localhost:1234/";

struct Sums {
  std::size_t passed = 0;
  std::size_t failed = 0;
};

struct Remotes {
  std::list<std::string> uris;
  std::list<json::value> values;
  std::vector<validation::SchemaDocument> documents;
};

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string text_of(const json::value& value, std::string_view name) {
  const auto& text = value.at({name.data(), name.size()}).as_string();
  return {text.data(), text.size()};
}

void load_remotes(const std::filesystem::path& folder, Remotes& remotes) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    auto value = validation::parse_json(read_file(entry.path()));
    if (!value) continue;
    remotes.values.push_back(std::move(*value));
    remotes.uris.push_back(std::string(kRemoteUri) + entry.path().lexically_relative(folder).string());
    remotes.documents.push_back({remotes.uris.back(), &remotes.values.back()});
  }
}

void run_group(const json::value& group, const Remotes& remotes, Sums& sums) {
  validation::SchemaOptions options;
  options.unknown_keywords = validation::UnknownKeywords::Ignore;
  options.documents = remotes.documents;
  options.formats =
      group.as_object().contains("assert_formats") ? validation::Formats::Assert : validation::Formats::Annotate;
  const auto& tests = group.at("tests").as_array();
  const auto schema = validation::Schema::compile(group.at("schema"), options);
  if (!schema) {
    fmt::print("  FAILED {}: not compiled: {} {}\n", text_of(group, "description"), schema.error().place,
               schema.error().why);
    sums.failed += tests.size();
    return;
  }
  for (const json::value& test : tests) {
    const bool expected = test.at("valid").as_bool();
    const bool accepted = schema->accepts(test.at("data"));
    const auto errors = schema->validate(test.at("data"));
    if (accepted == expected && errors.empty() == expected) {
      ++sums.passed;
    } else {
      ++sums.failed;
      fmt::print("  FAILED {}: {}\n", text_of(group, "description"), text_of(test, "description"));
    }
  }
}

bool run_file(const std::filesystem::path& path, const Remotes& remotes, Sums& sums) {
  auto groups = validation::parse_json(read_file(path), {.bytes_max = std::size_t{16} << 20U, .depth_max = 64});
  if (!groups || !groups->is_array()) {
    fmt::print("{}: cannot be read\n", path.string());
    return false;
  }
  const bool formats = path.parent_path().filename() == "format";
  Sums own;
  for (json::value& group : groups->as_array()) {
    if (formats) group.as_object()["assert_formats"] = true;
    run_group(group, remotes, own);
  }
  fmt::print("{}: {} passed, {} failed\n", path.filename().string(), own.passed, own.failed);
  sums.passed += own.passed;
  sums.failed += own.failed;
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  Remotes remotes;
  Sums sums;
  bool readable = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--remotes" && i + 1 < arguments.size()) {
      load_remotes(arguments[++i], remotes);
    } else {
      readable = run_file(arguments[i], remotes, sums) && readable;
    }
  }
  fmt::print("{} passed, {} failed\n", sums.passed, sums.failed);
  return readable && sums.failed == 0 && sums.passed > 0 ? 0 : 1;
}
