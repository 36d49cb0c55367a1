#include "parameter_rules.hpp"

#include <algorithm>

#include "evaluator.hpp"
#include "json_value.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/validation/schema.hpp"
#include "uri_reference.hpp"
#include "utf8.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

constexpr std::size_t kNumberBytesMax = 64;
constexpr std::size_t kNameBytesMax = 128;  ///< of an unknown name in a pointer
constexpr std::size_t kElementsMax = 1000;  ///< of a list

std::string_view folder_of(ParameterIn in) noexcept {
  switch (in) {
    case ParameterIn::Path:
      return "/path/";
    case ParameterIn::Query:
      return "/query/";
    case ParameterIn::Header:
      break;
  }
  return "/header/";
}

std::string pointer_to_parameter(ParameterIn in, std::string_view name) {
  if (name.size() > kNameBytesMax) {
    std::size_t end = kNameBytesMax;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0U) == 0x80U) --end;
    name = name.substr(0, end);
  }
  return std::string(folder_of(in)) + pointer_token(name);
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  while (parts.size() <= kElementsMax) {
    const auto end = text.find(at);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

std::optional<json::value> read_number(std::string_view text) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  // The reader would let white space pass.
  if (text.empty() || text.size() > kNumberBytesMax || !digit(text.back()) || (!digit(text[0]) && text[0] != '-')) {
    return std::nullopt;
  }
  auto value = parse_json(text);
  if (!value || !value->is_number()) return std::nullopt;
  return std::move(*value);
}

}  // namespace

TypeMask element_types(const Program& program, NodeIndex list) {
  const Node& node = program.nodes[list];
  if (node.array && node.array->items != kNoNode) return program.nodes[node.array->items].admits;
  if (node.reference != kNoNode) return element_types(program, node.reference);
  if (!node.in_place) return kAnyType;
  TypeMask types = kAnyType;
  for (const NodeIndex branch : node.in_place->all_of) types &= element_types(program, branch);
  return types;
}

json::value type_parameter(std::string_view text, TypeMask types) {
  if ((types & kString) == 0) {
    if ((types & kNumber) != 0) {
      if (auto number = read_number(text)) return std::move(*number);
    }
    if ((types & kBoolean) != 0 && (text == "true" || text == "false")) return json::value(text == "true");
    if ((types & kNull) != 0 && text.empty()) return json::value(nullptr);
  }
  return json::value(json::string(text));
}

void ParameterChecker::report(std::string pointer, std::string_view code, std::string message) {
  if (errors_.size() < kErrorsMax) errors_.push_back({std::move(pointer), code, std::move(message)});
}

std::optional<std::string> ParameterChecker::decode(const ParameterRule& rule, std::string_view raw) const {
  if (rule.in != ParameterIn::Header) {
    return percent_decode(raw, rule.in == ParameterIn::Query ? Plus::IsSpace : Plus::Kept);
  }
  const std::string_view text = trim_ows(raw);
  return find_invalid_utf8(text) ? std::nullopt : std::optional(std::string(text));
}

/// `raw`: what was sent under the name, as often as it was.
void ParameterChecker::check_raw(const ParameterRule& rule, std::span<const std::string_view> raw) {
  if (raw.empty()) {
    if (rule.required) return report(pointer_to_parameter(rule.in, rule.name), "required", "is missing");
    if (rule.fallback) parameters_.entries_.push_back({rule.in, rule.name, std::nullopt, *rule.fallback});
    return;
  }
  const auto bad_encoding = [&] {
    report(pointer_to_parameter(rule.in, rule.name), "encoding", "is not encoded as UTF-8 with %XX");
  };
  if (!rule.is_list) {
    if (raw.size() > 1) return report(pointer_to_parameter(rule.in, rule.name), "repeated", "must be given once");
    auto text = decode(rule, raw.front());
    if (!text) return bad_encoding();
    json::value value = type_parameter(*text, rule.types);
    return check_value(rule, std::move(text), std::move(value));
  }
  if (raw.size() > 1 && rule.in == ParameterIn::Query && !rule.explode) {
    return report(pointer_to_parameter(rule.in, rule.name), "repeated",
                  "must be given once, with commas between its elements");
  }
  json::array list;
  std::string whole;
  for (const std::string_view one : raw) {
    // Split before decoding: an encoded comma belongs to the element.
    const auto parts = rule.explode ? std::vector{one} : split(one, ',');
    for (const std::string_view part : parts) {
      auto text = decode(rule, part);
      if (!text) return bad_encoding();
      if (list.size() == kElementsMax) {
        return report(pointer_to_parameter(rule.in, rule.name), "max_items", "must have at most 1000 elements");
      }
      whole.append(whole.empty() ? "" : ",").append(*text);
      list.push_back(type_parameter(*text, rule.types));
    }
  }
  check_value(rule, std::move(whole), std::move(list));
}

void ParameterChecker::check_value(const ParameterRule& rule, std::optional<std::string> text, json::value value) {
  const std::string prefix = pointer_to_parameter(rule.in, rule.name);
  Verdict verdict = evaluate(program_, rule.schema, value, Reporting::Everything, prefix);
  for (ValidationError& error : verdict.errors) report(std::move(error.pointer), error.code, std::move(error.message));
  if (verdict.valid) parameters_.entries_.push_back({rule.in, rule.name, std::move(text), std::move(value)});
}

void ParameterChecker::check_path(std::span<const PathValue> values) {
  for (const ParameterRule& rule : rules_) {
    if (rule.in != ParameterIn::Path) continue;
    const auto found = std::ranges::find(values, std::string_view(rule.name), &PathValue::name);
    if (found == values.end()) {
      check_raw(rule, {});
    } else {
      check_raw(rule, std::span(&found->raw, 1));
    }
  }
}

void ParameterChecker::check_query(std::string_view query) {
  std::vector<QueryPart> parts;
  for (std::size_t begin = 0; begin <= query.size() && !query.empty();) {
    const auto end = std::min(query.find('&', begin), query.size());
    const std::string_view part = query.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty()) continue;
    const auto equals = std::min(part.find('='), part.size());
    const std::string_view value = equals == part.size() ? std::string_view() : part.substr(equals + 1);
    parts.push_back({percent_decode(part.substr(0, equals), Plus::IsSpace), part.substr(0, equals), value, false});
  }
  std::vector<std::string_view> raw;
  for (const ParameterRule& rule : rules_) {
    if (rule.in != ParameterIn::Query) continue;
    raw.clear();
    for (QueryPart& part : parts) {
      if (part.name != rule.name) continue;
      part.known = true;
      raw.push_back(part.raw_value);
    }
    check_raw(rule, raw);
  }
  std::vector<std::string> reported;
  for (const QueryPart& part : parts) {
    if (part.known) continue;
    std::string pointer = pointer_to_parameter(ParameterIn::Query, part.name ? *part.name : std::string_view("?"));
    if (std::ranges::find(reported, pointer) != reported.end() || reported.size() == kErrorsMax) continue;
    reported.push_back(pointer);
    if (part.name) {
      report(std::move(pointer), "unknown_field", "is not known here");
    } else {
      report(std::move(pointer), "encoding", "has a name that is not encoded as UTF-8 with %XX");
    }
  }
}

void ParameterChecker::check_headers(std::span<const net::http::Field> fields) {
  std::vector<std::string_view> raw;
  for (const ParameterRule& rule : rules_) {
    if (rule.in != ParameterIn::Header) continue;
    raw.clear();
    for (const net::http::Field& field : fields) {
      if (iequals(field.name, rule.name)) raw.push_back(field.value);
    }
    check_raw(rule, raw);
  }
}

std::expected<Parameters, ValidationErrors> ParameterChecker::take() {
  if (!errors_.empty()) return std::unexpected(std::move(errors_));
  return std::move(parameters_);
}

Parameters::~Parameters() {
  for (Entry& entry : entries_) {
    if (entry.text) wipe(entry.text->data(), entry.text->size());
    if (json::string* const text = entry.value.if_string()) wipe(text->data(), text->size());
  }
}

const json::value* Parameters::find(ParameterIn in, std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& one) { return one.in == in && one.name == name; });
  return found == entries_.end() ? nullptr : &found->value;
}

std::optional<std::string_view> Parameters::text(ParameterIn in, std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(entries_, [&](const Entry& one) { return one.in == in && one.name == name; });
  if (found == entries_.end() || !found->text) return std::nullopt;
  return *found->text;
}

}  // namespace sallyport::validation
