#include "schema_draft.hpp"

#include <algorithm>

#include "json_value.hpp"

namespace sallyport::validation {

namespace json = boost::json;

NodeIndex SchemaDraft::schema_of(const Value& value) {
  if (!value.is_object() && !value.is_bool()) refuse("must be a schema: an object, true or false");
  return compiler_.node_for(value);
}

std::vector<NodeIndex> SchemaDraft::schemas_of(const Value& value) {
  std::vector<NodeIndex> nodes;
  const json::array* const array = value.if_array();
  if (array == nullptr || array->empty()) {
    refuse("must be a list of schemas that is not empty");
    return nodes;
  }
  for (const Value& element : *array) nodes.push_back(schema_of(element));
  return nodes;
}

std::size_t SchemaDraft::count_of(const Value& value) {
  const auto number = Number::of(value);
  const auto count = number ? number->count() : std::nullopt;
  if (!count) refuse("must be an integer that is not negative");
  return count.value_or(0);
}

bool SchemaDraft::flag_of(const Value& value) {
  if (!value.is_bool()) refuse("must be true or false");
  return value == Value(true);
}

std::optional<Number> SchemaDraft::number_of(const Value& value) {
  auto number = Number::of(value);
  if (!number) refuse("must be a number");
  return number;
}

std::string SchemaDraft::text_of(const Value& value) {
  if (value.is_string()) return std::string(view_of(value.get_string()));
  refuse("must be a string");
  return {};
}

std::vector<std::string> SchemaDraft::names_of(const Value& value) {
  std::vector<std::string> names;
  const json::array* const array = value.if_array();
  if (array == nullptr) refuse("must be a list of names");
  if (array != nullptr) {
    for (const Value& element : *array) {
      names.push_back(text_of(element));
      if (std::ranges::count(names, names.back()) > 1) refuse("has a name twice");
    }
  }
  return names;
}

const json::object& SchemaDraft::object_of(const Value& value) {
  static const json::object kNone;
  if (value.is_object()) return value.get_object();
  refuse("must be an object");
  return kNone;
}

std::optional<Pattern> SchemaDraft::pattern_of(std::string_view text) {
  auto pattern = Pattern::compile(text);
  if (pattern) return std::move(*pattern);
  refuse("the pattern " + pattern.error());
  return std::nullopt;
}

NodeIndex SchemaDraft::follow(const Value& reference, std::uint32_t* dynamic_anchor) {
  const std::string text = text_of(reference);
  const auto target = compiler_.documents_.find(text, resource_);
  if (!target) {
    refuse(target.error());
    return compiler_.node_for(schema_);
  }
  if (dynamic_anchor != nullptr && !target->dynamic_anchor.empty()) {
    *dynamic_anchor = compiler_.dynamic_name(target->dynamic_anchor);
  }
  if (!target->schema->is_object() && !target->schema->is_bool()) refuse("leads to something that is no schema");
  return compiler_.node_for(*target->schema);
}

Property& SchemaDraft::property(std::string name) {
  auto& properties = object().properties;
  const auto found = std::ranges::find(properties, name, &Property::name);
  if (found != properties.end()) return *found;
  return properties.emplace_back(Property{.name = std::move(name)});
}

void SchemaDraft::finish_object() {
  if (!object_) return;
  std::ranges::sort(object_->properties, {}, &Property::name);
  // What only the server sets is not asked of a client (OpenAPI 3.1.0 and 3.0.3, readOnly).
  for (Property& property : object_->properties) {
    if (property.node != kNoNode && compiler_.program_.nodes[property.node].kind == Node::Kind::ReadOnly) {
      property.required = false;
    }
  }
  object_->required_count =
      static_cast<std::size_t>(std::ranges::count(object_->properties, true, &Property::required));
}

Node SchemaDraft::finish() {
  if (nullable && node.types != kAnyType) node.types |= kNull;
  if (number_) {
    if (minimum_exclusive) number_->exclusive_minimum = std::exchange(number_->minimum, std::nullopt);
    if (maximum_exclusive) number_->exclusive_maximum = std::exchange(number_->maximum, std::nullopt);
    node.number = std::make_unique<const NumberRules>(std::move(*number_));
  }
  finish_object();
  if (values_) {
    std::ranges::sort(values_->texts);
    node.values = std::make_unique<const ValueRules>(std::move(*values_));
  }
  if (object_) node.object = std::make_unique<const ObjectRules>(std::move(*object_));
  if (array_) node.array = std::make_unique<const ArrayRules>(std::move(*array_));
  if (string_) node.string = std::make_unique<const StringRules>(std::move(*string_));
  if (in_place_) node.in_place = std::make_unique<const InPlaceRules>(std::move(*in_place_));
  return std::move(node);
}

}  // namespace sallyport::validation
