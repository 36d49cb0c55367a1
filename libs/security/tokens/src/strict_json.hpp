#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::tokens {

enum class JsonError : std::uint8_t { TooLarge, Syntax, DuplicateName, TooManyValues };

enum class JsonKind : std::uint8_t { Null, Bool, Number, String, Array, Object };

/// A JSON text (RFC 8259) read strictly and whole: no name twice in one object at any level, compared after escapes are
/// resolved (RFC 7515 section 4, RFC 7519 section 4), at most eight levels deep, valid UTF-8, nothing but white space
/// behind it. Numbers keep the text they were written in, so that none is rounded on the way.
class StrictJson final {
 public:
  struct Limits {
    std::size_t bytes_max = 8192;
    std::size_t values_max = 512;  ///< values at all levels together
  };

  /// One value. Values lie in document order; the children of values[i] lie in (i, end).
  struct Value {
    JsonKind kind = JsonKind::Null;
    bool truth = false;     ///< of a Bool
    std::uint32_t end = 0;  ///< index behind the last descendant
    std::string_view name;  ///< in an object
    std::string_view text;  ///< of a String: unescaped; of a Number: as written
  };

  static constexpr std::size_t kDepthMax = 8;

  static std::expected<StrictJson, JsonError> parse(std::string_view text, Limits limits);

  StrictJson(StrictJson&&) noexcept = default;
  StrictJson& operator=(StrictJson&&) noexcept = default;

  const Value& root() const noexcept { return values_.front(); }
  /// The member of that name, or null; also null when `object` is no object.
  const Value* find(const Value& object, std::string_view name) const noexcept;
  /// The first child, or null.
  const Value* first(const Value& parent) const noexcept;
  /// The sibling behind `child`, or null.
  const Value* next(const Value& parent, const Value& child) const noexcept;

 private:
  friend struct JsonBuilder;
  StrictJson() = default;
  std::size_t index(const Value& value) const noexcept { return static_cast<std::size_t>(&value - values_.data()); }

  std::vector<Value> values_;
  std::vector<char> text_;  ///< what the views point into; a vector, because a short string would move with its owner
};

/// The value of a Number written as an integer without fraction and exponent that fits; nullopt otherwise.
std::optional<std::int64_t> integer_of(const StrictJson::Value& value) noexcept;

}  // namespace sallyport::tokens
