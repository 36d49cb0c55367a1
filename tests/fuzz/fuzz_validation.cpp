// Input validation. The first byte chooses what the rest is: JSON for the strict reader (another reader must take
// whatever it takes), a schema to compile and apply to a few values, or an OpenAPI
// document.

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fuzz_check.hpp"
#include "sallyport/validation/json_reader.hpp"
#include "sallyport/validation/openapi.hpp"
#include "sallyport/validation/schema.hpp"

namespace {

namespace json = boost::json;
namespace validation = sallyport::validation;

void check_json(std::string_view text) {
  const auto value = validation::parse_json(text);
  if (!value) {
    FUZZ_CHECK(value.error().offset <= text.size() && !value.error().why.empty());
    return;
  }
  json::error_code ec;
  (void)json::parse(json::string_view(text.data(), text.size()), ec);
  FUZZ_CHECK(!ec);
  FUZZ_CHECK(validation::parse_json(json::serialize(*value)).has_value());
}

void check_schema(std::string_view text) {
  const auto source = validation::parse_json(text);
  if (!source) return;
  const auto schema = validation::Schema::compile(*source);
  if (!schema) {
    FUZZ_CHECK(!schema.error().why.empty());
    return;
  }
  const std::array<json::value, 6> values{json::value(nullptr), json::value(1.5),       json::value("text"),
                                          json::array{1, 1, 2}, json::object{{"a", 1}}, *source};
  for (const json::value& value : values) {
    const auto errors = schema->validate(value);
    FUZZ_CHECK(errors.size() <= validation::kErrorsMax);
    FUZZ_CHECK(errors.empty() == schema->accepts(value));
  }
}

void check_openapi(std::string_view text) {
  const auto api = validation::OpenApi::load(text);
  if (!api) {
    FUZZ_CHECK(!api.error().empty());
    return;
  }
  for (const validation::Operation& operation : api->operations()) {
    (void)operation.check_parameters({}, "a=1&limit=x", {});
    (void)operation.check_body("application/json", "{\"a\":1}");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // A copy of exactly this size, so that the sanitizer sees a read past the end.
  const auto copy = std::make_unique_for_overwrite<char[]>(size - 1);
  std::copy(data + 1, data + size, copy.get());
  const std::string_view rest(copy.get(), size - 1);
  switch (data[0]) {
    case 's':
      check_schema(rest);
      break;
    case 'o':
      check_openapi(rest);
      break;
    default:
      check_json(rest);
  }
  return 0;
}
