#pragma once

#include <boost/json/value.hpp>
#include <compare>
#include <optional>
#include <string>

namespace sallyport::validation {

/// A JSON number as the reader holds it, compared by its exact value whatever holds it.
class Number final {
 public:
  /// nullopt when `value` is no number.
  static std::optional<Number> of(const boost::json::value& value) noexcept;

  /// Exact. A NaN, which the reader never makes, is equivalent to nothing.
  std::partial_ordering operator<=>(const Number& other) const noexcept;
  bool operator==(const Number& other) const noexcept { return (*this <=> other) == 0; }

  bool is_integer() const noexcept;
  /// For a number that is neither negative nor larger than 2^63; nullopt otherwise, and for a fraction.
  std::optional<std::size_t> count() const noexcept;
  /// Whether this is a whole multiple of `divisor` (more than zero). Fractions are taken as the shortest decimal that
  /// reads back as the same double, so that 0.0075 is a multiple of 0.0001.
  bool is_multiple_of(const Number& divisor) const noexcept;
  bool is_positive() const noexcept { return (*this <=> Number(0)) > 0; }

  /// The shortest decimal form; the same for all that are equal.
  std::string to_text() const;

 private:
  enum class Kind : std::uint8_t { Signed, Unsigned, Real };
  explicit Number(std::int64_t value) noexcept : signed_(value) {}
  /// Sign and magnitude when it is an integer of 64 bits.
  struct Magnitude {
    bool negative = false;
    std::uint64_t value = 0;
  };
  std::optional<Magnitude> magnitude() const noexcept;
  struct Decimal;
  Decimal decimal() const noexcept;

  Kind kind_ = Kind::Signed;
  std::int64_t signed_ = 0;
  std::uint64_t unsigned_ = 0;
  double real_ = 0;
};

}  // namespace sallyport::validation
