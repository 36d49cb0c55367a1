#include <algorithm>

#include <fmt/format.h>

#include "evaluation.hpp"
#include "json_value.hpp"

namespace sallyport::validation {

namespace json = boost::json;

namespace {

std::string counted(std::string_view words, std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {} {}", words, count, count == 1 ? one : many);
}

Place member_place(const Place& place, std::string_view name, std::size_t index) noexcept {
  return {&place, static_cast<std::uint32_t>(index), name, false};
}

Place element_place(const Place& place, std::size_t index) noexcept {
  return {&place, static_cast<std::uint32_t>(index), {}, true};
}

Place missing_place(const Place& place, std::string_view name) noexcept {
  return {&place, Place::kMissing, name, false};
}

const Property* find_property(const std::vector<Property>& properties, std::string_view name) noexcept {
  const auto less = [](const Property& one, std::string_view other) { return one.name < other; };
  const auto found = std::lower_bound(properties.begin(), properties.end(), name, less);
  return found != properties.end() && found->name == name ? &*found : nullptr;
}

}  // namespace

/// A member or element that no other keyword speaks of.
bool Evaluation::check_extra(NodeIndex index, const Value& value, const Place& place) {
  if (program_.nodes[index].kind == Node::Kind::False && !place.is_element) {
    return fail(place, "unknown_field", "is not known here");
  }
  return apply(index, value, place, nullptr);
}

bool Evaluation::check_object(const ObjectRules& rules, const json::object& object, const Place& place,
                              Evaluated* evaluated) {
  bool passed = true;
  if (object.size() < rules.size_min) {
    passed = stop() ? false
                    : fail(place, "min_properties", counted("must have at least", rules.size_min, "member", "members"));
  }
  if (object.size() > rules.size_max) {
    passed = stop() ? false
                    : fail(place, "max_properties", counted("must have at most", rules.size_max, "member", "members"));
  }
  std::size_t required_seen = 0;
  std::size_t index = 0;
  for (const auto& one : object) {
    if (!passed && stop()) return false;
    const Place at = member_place(place, view_of(one.key()), index++);
    passed = check_member(rules, one, at, evaluated, required_seen) && passed;
  }
  if (required_seen == rules.required_count) return passed;
  return stop() ? false : check_missing(rules, object, place);
}

bool Evaluation::check_member(const ObjectRules& rules, const json::key_value_pair& member, const Place& place,
                              Evaluated* evaluated, std::size_t& required_seen) {
  const std::string_view name = view_of(member.key());
  bool passed = true;
  bool known = false;
  if (rules.names != kNoNode) {
    const Quiet quiet(*this);
    passed = apply(rules.names, json::value(member.key()), place, nullptr);
  }
  if (!passed) fail(place, "property_names", "has a name that is not allowed");
  if (!passed && stop()) return false;
  if (const Property* const property = find_property(rules.properties, name)) {
    required_seen += property->required ? 1 : 0;
    if (property->node != kNoNode) {
      known = true;
      passed = apply(property->node, member.value(), place, nullptr) && passed;
    }
  }
  for (const auto& [pattern, node] : rules.patterns) {
    if (!passed && stop()) return false;
    if (!pattern.matches(name)) continue;
    known = true;
    passed = apply(node, member.value(), place, nullptr) && passed;
  }
  if (!passed && stop()) return false;
  if (!known && rules.additional != kNoNode) {
    known = true;
    passed = check_extra(rules.additional, member.value(), place) && passed;
  }
  if (known) mark(evaluated, place.index);
  return passed;
}

bool Evaluation::check_missing(const ObjectRules& rules, const json::object& object, const Place& place) {
  for (const Property& property : rules.properties) {
    if (!property.required || object.contains(property.name)) continue;
    fail(missing_place(place, property.name), "required", "is missing");
  }
  return false;
}

bool Evaluation::check_dependencies(const ObjectRules& rules, const Value& value, const Place& place,
                                    Evaluated* evaluated) {
  const json::object& object = value.get_object();
  bool passed = true;
  for (const auto& [name, needed] : rules.dependent_required) {
    if (!object.contains(name)) continue;
    for (const std::string& other : needed) {
      if (object.contains(other)) continue;
      passed = fail(missing_place(place, other), "dependent_required",
                    "is missing; it has to be there with another member that was sent");
      if (stop()) return false;
    }
  }
  for (const auto& [name, node] : rules.dependent_schemas) {
    if (!object.contains(name)) continue;
    passed = apply(node, value, place, evaluated) && passed;
    if (!passed && stop()) return false;
  }
  return passed;
}

bool Evaluation::check_array(const ArrayRules& rules, const json::array& array, const Place& place,
                             Evaluated* evaluated) {
  bool passed = true;
  if (array.size() < rules.size_min) {
    passed =
        stop() ? false : fail(place, "min_items", counted("must have at least", rules.size_min, "element", "elements"));
  }
  if (array.size() > rules.size_max) {
    passed =
        stop() ? false : fail(place, "max_items", counted("must have at most", rules.size_max, "element", "elements"));
  }
  if (!passed && stop()) return false;
  if (rules.unique && !are_unique(array)) passed = fail(place, "unique_items", "has an element twice");
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (!passed && stop()) return false;
    const NodeIndex node = i < rules.prefix.size() ? rules.prefix[i] : rules.items;
    if (node == kNoNode) continue;
    passed = apply(node, array[i], element_place(place, i), nullptr) && passed;
    mark(evaluated, i);
  }
  if (!passed && stop()) return false;
  return rules.contains == kNoNode ? passed : check_contains(rules, array, place, evaluated) && passed;
}

bool Evaluation::check_contains(const ArrayRules& rules, const json::array& array, const Place& place,
                                Evaluated* evaluated) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < array.size(); ++i) {
    if (evaluated == nullptr && rules.contains_max == kNoMaximum && count >= rules.contains_min) break;
    if (!passes(rules.contains, array[i], element_place(place, i), nullptr)) continue;
    ++count;
    mark(evaluated, i);
  }
  if (count < rules.contains_min) {
    if (rules.contains_min == 1) return fail(place, "contains", "has no element of the kind that is asked for");
    return stop()
               ? false
               : fail(place, "min_contains",
                      fmt::format("must have at least {} elements of the kind that is asked for", rules.contains_min));
  }
  if (count <= rules.contains_max) return true;
  return stop() ? false
                : fail(place, "max_contains",
                       fmt::format("must have at most {} elements of one kind", rules.contains_max));
}

bool Evaluation::check_unevaluated(const Node& node, const Value& value, const Place& place, Evaluated& evaluated) {
  bool passed = true;
  if (const json::object* const object = value.if_object(); object != nullptr && node.object) {
    if (node.object->unevaluated == kNoNode) return true;
    std::size_t index = 0;
    for (const auto& one : *object) {
      const std::size_t own = index++;
      if (is_marked(evaluated, own)) continue;
      passed =
          check_extra(node.object->unevaluated, one.value(), member_place(place, view_of(one.key()), own)) && passed;
      if (!passed && stop()) return false;
    }
    evaluated.all = true;
  } else if (const json::array* const array = value.if_array(); array != nullptr && node.array) {
    if (node.array->unevaluated == kNoNode) return true;
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (is_marked(evaluated, i)) continue;
      passed = check_extra(node.array->unevaluated, (*array)[i], element_place(place, i)) && passed;
      if (!passed && stop()) return false;
    }
    evaluated.all = true;
  }
  return passed;
}

}  // namespace sallyport::validation
