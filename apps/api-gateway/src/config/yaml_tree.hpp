#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/problems.hpp"

namespace sallyport::api_gateway {

inline constexpr std::size_t kYamlBytesMax = 1U << 20U;
inline constexpr std::size_t kYamlDepthMax = 16;

/// A value of a YAML file with its place. Scalars keep their text: nothing is guessed about their type.
struct YamlNode {
  /// Invalid: has been reported already (an alias, a tag); whoever meets it says no more.
  enum class Kind : std::uint8_t { Null, Scalar, List, Map, Invalid };

  Kind kind = Kind::Null;
  bool plain = false;           ///< a scalar without quotes
  int line = 0;                 ///< 1-based
  int column = 0;               ///< 1-based
  std::string text;             ///< of a scalar
  std::vector<YamlNode> keys;   ///< of a map, in the order of the file
  std::vector<YamlNode> items;  ///< of a list, or the values that belong to `keys`

  /// The value of a map's key, or nullptr.
  const YamlNode* find(std::string_view key) const noexcept;
  /// The value of a map's key, or the map itself: where to point at when something is wrong with that key.
  const YamlNode& at_or_self(std::string_view key) const noexcept;
};

/// Reads ONE document of the part of YAML that configuration needs. Refused, with their place: duplicate keys, keys
/// that are not scalars, anchors, aliases and tags, a second document, control characters, more than kYamlBytesMax
/// bytes, nesting deeper than kYamlDepthMax. A text with a syntax error yields what stood before it as Invalid.
YamlNode parse_yaml(std::string_view text, Problems& problems);

}  // namespace sallyport::api_gateway
