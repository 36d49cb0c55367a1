#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sallyport/service/settings.hpp"

namespace sallyport::service {

/// A scalar with its place.
struct YamlScalar {
  std::string text;
  int line = 0, column = 0;
};

/// One key of a flat map: a scalar, or a list of scalars.
struct YamlEntry {
  YamlScalar key;
  bool is_list = false;
  std::vector<YamlScalar> values;  ///< exactly one unless it is a list
};

/// Reads one YAML document of at most 64 KiB that is a map of scalars and lists of scalars. Everything else that YAML
/// knows is a problem, duplicate keys among it.
std::vector<YamlEntry> parse_flat_yaml(std::string_view text, std::vector<SettingsProblem>& problems);

}  // namespace sallyport::service
