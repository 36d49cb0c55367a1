#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace sallyport::storage {

/// One parameter of a statement: NULL, an integer, a double or a text. It refers to the text, which must live until the
/// statement has run. A text with a NUL and a double that is not finite are refused when the statement runs.
class SqlValue final {
 public:
  using Variant = std::variant<std::monostate, std::int64_t, double, std::string_view>;

  SqlValue(std::nullopt_t) noexcept {}
  template <class Integer>
    requires(std::integral<Integer> && !std::same_as<Integer, bool> && !std::same_as<Integer, char> &&
             (sizeof(Integer) < sizeof(std::int64_t) || std::signed_integral<Integer>))
  SqlValue(Integer value) noexcept : value_(static_cast<std::int64_t>(value)) {}
  SqlValue(double value) noexcept : value_(value) {}
  SqlValue(std::string_view value) noexcept : value_(value) {}
  SqlValue(const std::string& value) noexcept : value_(std::string_view(value)) {}
  SqlValue(const char* value) noexcept : value_(std::string_view(value)) {}
  template <class T>
  SqlValue(const std::optional<T>& value) noexcept {
    if (value) value_ = SqlValue(*value).value_;
  }
  /// A truth value is SMALLINT or INTEGER 0 or 1 on both engines: say which number is meant.
  SqlValue(bool) = delete;
  SqlValue(std::nullptr_t) = delete;

  const Variant& get() const noexcept { return value_; }

 private:
  Variant value_;
};

}  // namespace sallyport::storage
