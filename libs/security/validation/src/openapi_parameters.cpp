#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "json_value.hpp"
#include "openapi_loader.hpp"
#include "sallyport/core/ascii.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

/// Headers that OpenAPI describes elsewhere (3.1.0, Parameter Object): a parameter of that name is ignored.
constexpr std::array<std::string_view, 3> kOtherHeaders{"accept", "content-type", "authorization"};
constexpr std::array<std::string_view, 12> kParameterKeys{
    "name",  "in",      "required",      "description", "deprecated", "allowEmptyValue",
    "style", "explode", "allowReserved", "schema",      "example",    "examples"};

}  // namespace

void OpenApiLoader::load_parameters(const Value& holder, std::vector<ParameterRule>& rules) {
  const json::array* const list = array_member(holder, "parameters");
  if (list == nullptr) return;
  std::set<std::string> seen;
  for (const Value& one : *list) {
    if (const Value* const resolved = resolve(one)) load_parameter(*resolved, rules, seen);
  }
}

void OpenApiLoader::load_parameter(const Value& value, std::vector<ParameterRule>& rules, std::set<std::string>& seen) {
  ParameterRule rule;
  rule.name = text_member(value, "name");
  rule.required = flag_member(value, "required", false);
  const std::string in = text_member(value, "in");
  if (rule.name.empty()) return problem(value, "a parameter needs a name");
  if (in == "header") {
    rule.in = ParameterIn::Header;
    rule.name = to_lower(rule.name);
    if (std::ranges::find(kOtherHeaders, rule.name) != kOtherHeaders.end()) return;
  } else if (in == "path") {
    rule.in = ParameterIn::Path;
  } else if (in != "query") {
    return problem(value, "a parameter must be in path, query or header");
  }
  if (!seen.insert(in + " " + rule.name).second) return problem(value, "the parameter stands twice");
  if (member(value, "content") != nullptr) return problem(value, "content of a parameter is not supported; say schema");
  check_keys(value, "a parameter", kParameterKeys);
  bool explode = false;
  if (!read_style(value, rule, explode)) return;
  const Value* const schema = member(value, "schema");
  if (schema == nullptr) return problem(value, "a parameter needs a schema");
  rule.schema = compile(*schema);
  if (problems_.empty()) read_shape(value, rule, explode);
  if (const Value* const target = problems_.empty() ? resolve(*schema) : nullptr) {
    if (const Value* const fallback = member(*target, "default")) rule.fallback.emplace(*fallback, json::storage_ptr());
  }
  rules.push_back(std::move(rule));
}

bool OpenApiLoader::read_style(const Value& value, ParameterRule& rule, bool& explode) {
  const std::string_view usual = rule.in == ParameterIn::Query ? "form" : "simple";
  const std::string style = text_member(value, "style");
  if (!style.empty() && style != usual) {
    problem(value, fmt::format("the style {} is not supported here; {} is", style, usual));
    return false;
  }
  explode = flag_member(value, "explode", usual == "form");
  return true;
}

/// Whether it is a list, and how its text becomes a value.
void OpenApiLoader::read_shape(const Value& value, ParameterRule& rule, bool explode) {
  const Program& program = compiler_.program();
  const TypeMask types = program.nodes[rule.schema].admits;
  rule.types = types;
  if (types == kAnyType) return;
  if ((types & kObject) != 0) return problem(value, "a parameter that is an object is not supported");
  if ((types & kArray) == 0) return;
  if ((types & static_cast<TypeMask>(~(kArray | kNull))) != 0) {
    return problem(value, "a parameter must be either a list or a single value");
  }
  rule.is_list = true;
  rule.explode = rule.in == ParameterIn::Query && explode;
  rule.types = element_types(program, rule.schema);
  if ((rule.types & (kArray | kObject)) != 0 && rule.types != kAnyType) {
    problem(value, "the elements of a parameter must be single values");
  }
}

}  // namespace sallyport::validation
