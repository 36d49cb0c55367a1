#include "sallyport/secrets/environment_reader.hpp"

#include <algorithm>
#include <utility>

namespace sallyport::secrets {
namespace {

bool has_control_characters(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; });
}

}  // namespace

std::string text_of(const Problem& problem) {
  return problem.variable + ' ' + problem.rule;
}

std::optional<Secret<std::string>> EnvironmentReader::optional(const std::string& name) {
  const std::string file_name = name + "_FILE";
  auto value = environment_.variable(name);
  const auto path = environment_.variable(file_name);
  if (value && path) {
    add_problem(name, "and " + file_name + " are both set; set one of them");
    return std::nullopt;
  }
  std::string source = name;
  if (path) {
    source = file_name;
    value = from_file(file_name, std::string(path->expose()));
  }
  if (!value) return std::nullopt;
  const std::string_view text = value->expose();
  if (text.empty()) {
    add_problem(source, path ? "names an empty file" : "is empty");
  } else if (text.size() > kSecretBytesMax) {
    add_problem(source, "is larger than " + std::to_string(kSecretBytesMax) + " bytes");
  } else if (has_control_characters(text)) {
    add_problem(source, "holds control characters or more than one line");
  } else {
    return value;
  }
  return std::nullopt;
}

std::optional<Secret<std::string>> EnvironmentReader::from_file(const std::string& name, const std::string& path) {
  if (path.empty()) {
    add_problem(name, "is empty");
    return std::nullopt;
  }
  auto file = environment_.file(path, kSecretBytesMax);
  if (!file) {
    // Somebody may have put the secret itself where its path belongs, so the path is not repeated.
    add_problem(name, "names a file that cannot be used: " + file.error());
    return std::nullopt;
  }
  if (file->world_readable) add_warning(name, "names a file that every user of this machine may read");
  std::string_view text = file->text.expose();
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return Secret<std::string>(std::string(text));
}

std::optional<Secret<std::string>> EnvironmentReader::required(const std::string& name) {
  if (!is_set(name)) {
    add_problem(name, "is not set");
    return std::nullopt;
  }
  return optional(name);
}

bool EnvironmentReader::is_set(const std::string& name) const {
  return environment_.variable(name).has_value() || environment_.variable(name + "_FILE").has_value();
}

void EnvironmentReader::add_problem(std::string variable, std::string rule) {
  problems_.push_back({std::move(variable), std::move(rule)});
}

void EnvironmentReader::add_warning(std::string variable, std::string rule) {
  warnings_.push_back({std::move(variable), std::move(rule)});
}

}  // namespace sallyport::secrets
