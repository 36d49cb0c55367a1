#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ecma_pattern.hpp"
#include "formats.hpp"
#include "number.hpp"

namespace sallyport::validation {

using NodeIndex = std::uint32_t;
using ResourceIndex = std::uint32_t;
inline constexpr NodeIndex kNoNode = std::numeric_limits<NodeIndex>::max();
inline constexpr std::size_t kNoMaximum = std::numeric_limits<std::size_t>::max();

/// A set of JSON types. An integer is in Number and Integer.
using TypeMask = std::uint8_t;
inline constexpr TypeMask kNull = 1;
inline constexpr TypeMask kBoolean = 2;
inline constexpr TypeMask kInteger = 4;   ///< a number without a fraction
inline constexpr TypeMask kFraction = 8;  ///< a number with one
inline constexpr TypeMask kString = 16;
inline constexpr TypeMask kArray = 32;
inline constexpr TypeMask kObject = 64;
inline constexpr TypeMask kNumber = kInteger | kFraction;
inline constexpr TypeMask kAnyType = 127;

TypeMask type_of(const boost::json::value& value) noexcept;

struct Property {
  std::string name;
  NodeIndex node = kNoNode;  ///< kNoNode: named by `required` only
  bool required = false;
};

struct ObjectRules {
  std::vector<Property> properties;  ///< sorted by name
  std::size_t required_count = 0;
  std::vector<std::pair<Pattern, NodeIndex>> patterns;
  NodeIndex additional = kNoNode;
  NodeIndex names = kNoNode;
  NodeIndex unevaluated = kNoNode;
  std::size_t size_min = 0;
  std::size_t size_max = kNoMaximum;
  std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
  std::vector<std::pair<std::string, NodeIndex>> dependent_schemas;
};

struct ArrayRules {
  std::vector<NodeIndex> prefix;
  NodeIndex items = kNoNode;
  NodeIndex contains = kNoNode;
  NodeIndex unevaluated = kNoNode;
  std::size_t contains_min = 1;
  std::size_t contains_max = kNoMaximum;
  std::size_t size_min = 0;
  std::size_t size_max = kNoMaximum;
  bool unique = false;
};

struct StringRules {
  std::size_t length_min = 0;  ///< in characters
  std::size_t length_max = kNoMaximum;
  std::optional<Pattern> pattern;
};

struct NumberRules {
  std::optional<Number> minimum;
  std::optional<Number> maximum;
  std::optional<Number> exclusive_minimum;
  std::optional<Number> exclusive_maximum;
  std::optional<Number> multiple_of;
};

struct ValueRules {
  bool has_enum = false;
  std::vector<std::string> texts;  ///< of the enum, sorted
  std::vector<boost::json::value> others;
  std::optional<boost::json::value> constant;
  std::string enum_message;
  std::string const_message;
};

struct InPlaceRules {
  std::vector<NodeIndex> all_of;
  std::vector<NodeIndex> any_of;
  std::vector<NodeIndex> one_of;
  NodeIndex not_node = kNoNode;
  NodeIndex if_node = kNoNode;
  NodeIndex then_node = kNoNode;
  NodeIndex else_node = kNoNode;
  NodeIndex dynamic_ref = kNoNode;   ///< where it leads when no dynamic anchor overrides it
  std::uint32_t dynamic_anchor = 0;  ///< 0: behaves as a plain $ref
};

struct Node {
  enum class Kind : std::uint8_t { Rules, True, False, ReadOnly };
  Kind kind = Kind::Rules;
  TypeMask types = kAnyType;
  TypeMask admits = kAnyType;  ///< what may pass, taking what it refers to into account
  std::optional<Format> format;
  ResourceIndex resource = 0;
  NodeIndex reference = kNoNode;
  std::unique_ptr<const InPlaceRules> in_place;
  std::unique_ptr<const ValueRules> values;
  std::unique_ptr<const NumberRules> number;
  std::unique_ptr<const StringRules> string;
  std::unique_ptr<const ArrayRules> array;
  std::unique_ptr<const ObjectRules> object;

  bool tracks_evaluation() const noexcept {
    return (object && object->unevaluated != kNoNode) || (array && array->unevaluated != kNoNode);
  }
};

/// What a schema resource offers to `$dynamicRef`: name number and node.
using DynamicAnchors = std::vector<std::pair<std::uint32_t, NodeIndex>>;

/// Compiled schemas: nodes that refer to each other by index. Immutable once compiled.
struct Program {
  std::vector<Node> nodes;
  std::vector<DynamicAnchors> resources;
  bool has_dynamic_refs = false;
};

}  // namespace sallyport::validation
