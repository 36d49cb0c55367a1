#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::service {

struct SettingsProblem {
  int line = 0, column = 0;  ///< 1-based; 0: the whole file
  std::string message;
};

/// Nothing, or what was expected instead: "true or false".
using Reading = std::expected<void, std::string>;

/// The keys of a service's file and where their values go. Every key is one call of one() or many(); read() then takes
/// the file. What the functions refer to outlives the table.
class SettingsTable final {
 public:
  enum class Needed : std::uint8_t { Yes, No };
  using Store = std::function<Reading(std::string_view text)>;

  /// A key with one value.
  void one(std::string_view name, Needed needed, Store store);
  /// A key with a list, or with one value for a list of one. store is called for each value.
  void many(std::string_view name, Needed needed, Store store);
  /// Asked when all keys have been read without a problem of their own; the text is a problem of the whole file.
  void check(std::function<Reading()> rule);

  /// Reads a YAML map of scalars and lists, strictly: unknown keys, keys that stand twice, missing keys, wrong types,
  /// values out of bounds, anchors, aliases, tags and nesting are problems, and all are reported, in the order of the
  /// file. Empty: what the keys were stored into can be used.
  std::vector<SettingsProblem> read(std::string_view yaml);
  /// Whether the file that was read has this key.
  bool has(std::string_view name) const noexcept;

 private:
  enum class Shape : std::uint8_t { One, Many };
  struct Key {
    std::string name;
    Shape shape;
    Needed needed;
    Store store;
  };
  std::vector<Key> keys_;
  std::vector<std::function<Reading()>> rules_;
  std::vector<std::string> found_;
};

/// "file:line:column: message", one a line.
std::string format_problems(std::string_view file, const std::vector<SettingsProblem>& problems);

}  // namespace sallyport::service
