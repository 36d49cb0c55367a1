#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "json_value.hpp"
#include "schema_draft.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

using Draft = SchemaDraft;
using Value = json::value;

constexpr std::size_t kListedBytesMax = 200;  ///< of an enum in a message

struct Reader {
  std::string_view keyword;
  void (*read)(Draft&, const Value&);
};

TypeMask type_named(std::string_view name) noexcept {
  constexpr std::array<std::pair<std::string_view, TypeMask>, 7> kTypes{{{"null", kNull},
                                                                         {"boolean", kBoolean},
                                                                         {"integer", kInteger},
                                                                         {"number", kNumber},
                                                                         {"string", kString},
                                                                         {"array", kArray},
                                                                         {"object", kObject}}};
  for (const auto& [known, mask] : kTypes) {
    if (known == name) return mask;
  }
  return 0;
}

void read_type(Draft& draft, const Value& value) {
  TypeMask types = 0;
  const auto add = [&](const Value& one) {
    const TypeMask mask = one.is_string() ? type_named(view_of(one.get_string())) : TypeMask{0};
    if (mask == 0) draft.refuse("has no type of JSON Schema");
    types |= mask;
  };
  if (value.is_array()) {
    for (const Value& one : value.get_array()) add(one);
    if (value.get_array().empty()) draft.refuse("must not be empty");
  } else {
    add(value);
  }
  draft.node.types = types;
}

std::string in_words(const Value& value) {
  return value.is_string() ? std::string(view_of(value.get_string())) : json::serialize(value);
}

void read_enum(Draft& draft, const Value& value) {
  ValueRules& rules = draft.values();
  rules.has_enum = true;
  const json::array* const array = value.if_array();
  if (array == nullptr || array->empty()) return draft.refuse("must be a list that is not empty");
  std::string listed;
  for (const Value& one : *array) {
    listed.append(listed.empty() ? "" : ", ").append(in_words(one));
    if (one.is_string()) {
      rules.texts.emplace_back(view_of(one.get_string()));
    } else {
      rules.others.emplace_back(one, json::storage_ptr());
    }
  }
  rules.enum_message =
      listed.size() <= kListedBytesMax ? "must be one of: " + listed : "must be one of the values that are allowed";
}

void read_const(Draft& draft, const Value& value) {
  ValueRules& rules = draft.values();
  rules.constant.emplace(value, json::storage_ptr());
  const std::string words = in_words(value);
  rules.const_message = words.size() <= kListedBytesMax ? "must be " + words : "must be the one value that is allowed";
}

void read_multiple_of(Draft& draft, const Value& value) {
  draft.number().multiple_of = draft.number_of(value);
  if (draft.number().multiple_of && !draft.number().multiple_of->is_positive()) draft.refuse("must be more than 0");
}

void read_exclusive_minimum(Draft& draft, const Value& value) {
  if (draft.dialect() == Dialect::OpenApi30) {
    draft.number();
    draft.minimum_exclusive = draft.flag_of(value);
  } else {
    draft.number().exclusive_minimum = draft.number_of(value);
  }
}

void read_exclusive_maximum(Draft& draft, const Value& value) {
  if (draft.dialect() == Dialect::OpenApi30) {
    draft.number();
    draft.maximum_exclusive = draft.flag_of(value);
  } else {
    draft.number().exclusive_maximum = draft.number_of(value);
  }
}

void read_nullable(Draft& draft, const Value& value) {
  if (draft.dialect() != Dialect::OpenApi30) return draft.refuse("is of OpenAPI 3.0; here say type: [..., \"null\"]");
  draft.nullable = draft.flag_of(value);
}

void read_format(Draft& draft, const Value& value) {
  draft.node.format = format_of(draft.text_of(value));
}

void read_required(Draft& draft, const Value& value) {
  for (std::string& name : draft.names_of(value)) draft.property(std::move(name)).required = true;
}

void read_properties(Draft& draft, const Value& value) {
  draft.object();
  for (const auto& one : draft.object_of(value)) {
    draft.property(std::string(view_of(one.key()))).node = draft.schema_of(one.value());
  }
}

void read_pattern_properties(Draft& draft, const Value& value) {
  for (const auto& one : draft.object_of(value)) {
    const NodeIndex node = draft.schema_of(one.value());
    if (auto pattern = draft.pattern_of(view_of(one.key()))) {
      draft.object().patterns.emplace_back(std::move(*pattern), node);
    }
  }
}

void read_dependent_required(Draft& draft, const Value& value) {
  for (const auto& one : draft.object_of(value)) {
    draft.object().dependent_required.emplace_back(view_of(one.key()), draft.names_of(one.value()));
  }
}

void read_dependent_schemas(Draft& draft, const Value& value) {
  for (const auto& one : draft.object_of(value)) {
    draft.object().dependent_schemas.emplace_back(view_of(one.key()), draft.schema_of(one.value()));
  }
}

void read_dynamic_ref(Draft& draft, const Value& value) {
  std::uint32_t anchor = 0;
  const NodeIndex node = draft.follow(value, &anchor);
  draft.in_place().dynamic_ref = node;
  draft.in_place().dynamic_anchor = anchor;
}

constexpr std::array kReaders = std::to_array<Reader>({
    {"$ref", [](Draft& d, const Value& v) { d.node.reference = d.follow(v, nullptr); }},
    {"$dynamicRef", read_dynamic_ref},
    {"allOf", [](Draft& d, const Value& v) { d.in_place().all_of = d.schemas_of(v); }},
    {"anyOf", [](Draft& d, const Value& v) { d.in_place().any_of = d.schemas_of(v); }},
    {"oneOf", [](Draft& d, const Value& v) { d.in_place().one_of = d.schemas_of(v); }},
    {"not", [](Draft& d, const Value& v) { d.in_place().not_node = d.schema_of(v); }},
    {"if", [](Draft& d, const Value& v) { d.in_place().if_node = d.schema_of(v); }},
    {"then", [](Draft& d, const Value& v) { d.in_place().then_node = d.schema_of(v); }},
    {"else", [](Draft& d, const Value& v) { d.in_place().else_node = d.schema_of(v); }},
    {"dependentSchemas", read_dependent_schemas},
    {"prefixItems", [](Draft& d, const Value& v) { d.array().prefix = d.schemas_of(v); }},
    {"items", [](Draft& d, const Value& v) { d.array().items = d.schema_of(v); }},
    {"contains", [](Draft& d, const Value& v) { d.array().contains = d.schema_of(v); }},
    {"properties", read_properties},
    {"patternProperties", read_pattern_properties},
    {"additionalProperties", [](Draft& d, const Value& v) { d.object().additional = d.schema_of(v); }},
    {"propertyNames", [](Draft& d, const Value& v) { d.object().names = d.schema_of(v); }},
    {"unevaluatedItems", [](Draft& d, const Value& v) { d.array().unevaluated = d.schema_of(v); }},
    {"unevaluatedProperties", [](Draft& d, const Value& v) { d.object().unevaluated = d.schema_of(v); }},
    {"type", read_type},
    {"nullable", read_nullable},
    {"enum", read_enum},
    {"const", read_const},
    {"multipleOf", read_multiple_of},
    {"maximum", [](Draft& d, const Value& v) { d.number().maximum = d.number_of(v); }},
    {"exclusiveMaximum", read_exclusive_maximum},
    {"minimum", [](Draft& d, const Value& v) { d.number().minimum = d.number_of(v); }},
    {"exclusiveMinimum", read_exclusive_minimum},
    {"maxLength", [](Draft& d, const Value& v) { d.string().length_max = d.count_of(v); }},
    {"minLength", [](Draft& d, const Value& v) { d.string().length_min = d.count_of(v); }},
    {"pattern", [](Draft& d, const Value& v) { d.string().pattern = d.pattern_of(d.text_of(v)); }},
    {"maxItems", [](Draft& d, const Value& v) { d.array().size_max = d.count_of(v); }},
    {"minItems", [](Draft& d, const Value& v) { d.array().size_min = d.count_of(v); }},
    {"uniqueItems", [](Draft& d, const Value& v) { d.array().unique = d.flag_of(v); }},
    {"maxContains", [](Draft& d, const Value& v) { d.array().contains_max = d.count_of(v); }},
    {"minContains", [](Draft& d, const Value& v) { d.array().contains_min = d.count_of(v); }},
    {"maxProperties", [](Draft& d, const Value& v) { d.object().size_max = d.count_of(v); }},
    {"minProperties", [](Draft& d, const Value& v) { d.object().size_min = d.count_of(v); }},
    {"required", read_required},
    {"dependentRequired", read_dependent_required},
    {"format", read_format},
});

}  // namespace

bool read_keyword(SchemaDraft& draft, std::string_view name, const json::value& value) {
  const auto* const reader = std::ranges::find(kReaders, name, &Reader::keyword);
  if (reader == kReaders.end()) return false;
  draft.begin(name);
  reader->read(draft, value);
  return true;
}

}  // namespace sallyport::validation
