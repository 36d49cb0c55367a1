#include "number.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace sallyport::validation {

namespace {

__extension__ using Wide = unsigned __int128;

constexpr double kTwoTo64 = 18446744073709551616.0;

std::uint64_t multiply_modulo(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) noexcept {
  return static_cast<std::uint64_t>(static_cast<Wide>(a) * b % modulus);
}

std::uint64_t ten_to_modulo(int exponent, std::uint64_t modulus) noexcept {
  std::uint64_t result = 1 % modulus;
  for (std::uint64_t base = 10 % modulus; exponent > 0; exponent /= 2) {
    if (exponent % 2 == 1) result = multiply_modulo(result, base, modulus);
    base = multiply_modulo(base, base, modulus);
  }
  return result;
}

}  // namespace

/// digits · 10^exponent, without the sign.
struct Number::Decimal {
  std::uint64_t digits = 0;
  int exponent = 0;
};

std::optional<Number> Number::of(const boost::json::value& value) noexcept {
  Number number(0);
  if (const auto* const small = value.if_int64()) {
    number.signed_ = *small;
  } else if (const auto* const large = value.if_uint64()) {
    number.kind_ = Kind::Unsigned;
    number.unsigned_ = *large;
  } else if (const auto* const real = value.if_double()) {
    number.kind_ = Kind::Real;
    number.real_ = *real;
  } else {
    return std::nullopt;
  }
  return number;
}

std::optional<Number::Magnitude> Number::magnitude() const noexcept {
  if (kind_ == Kind::Unsigned) return Magnitude{false, unsigned_};
  if (kind_ == Kind::Signed) {
    const auto bits = static_cast<std::uint64_t>(signed_);
    return signed_ < 0 ? Magnitude{true, 0 - bits} : Magnitude{false, bits};
  }
  const double size = std::fabs(real_);
  if (!(size < kTwoTo64) || size != std::trunc(size)) return std::nullopt;
  return Magnitude{real_ < 0, static_cast<std::uint64_t>(size)};
}

std::partial_ordering Number::operator<=>(const Number& other) const noexcept {
  const auto left = magnitude();
  const auto right = other.magnitude();
  if (left && right) {
    if (left->value == 0 && right->value == 0) return std::partial_ordering::equivalent;
    if (left->negative != right->negative) {
      return left->negative ? std::partial_ordering::less : std::partial_ordering::greater;
    }
    return left->negative ? right->value <=> left->value : left->value <=> right->value;
  }
  if (kind_ == Kind::Real && other.kind_ == Kind::Real) return real_ <=> other.real_;
  if (left) return 0 <=> (other <=> *this);
  // This is a fraction or larger than 2^64, the other an integer of 64 bits.
  if (std::fabs(real_) >= kTwoTo64 || std::isnan(real_)) return real_ <=> 0.0;
  Number floor(0);
  floor.kind_ = Kind::Real;
  floor.real_ = std::floor(real_);
  const auto order = floor <=> other;
  return order == 0 ? std::partial_ordering::greater : order;
}

bool Number::is_integer() const noexcept {
  return kind_ != Kind::Real || (std::isfinite(real_) && real_ == std::trunc(real_));
}

std::optional<std::size_t> Number::count() const noexcept {
  const auto size = magnitude();
  if (!size || (size->negative && size->value != 0) || size->value > (std::uint64_t{1} << 63U)) return std::nullopt;
  return size->value;
}

Number::Decimal Number::decimal() const noexcept {
  if (kind_ != Kind::Real) return {magnitude()->value, 0};
  std::array<char, 64> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), std::fabs(real_), std::chars_format::scientific).ptr;
  Decimal result;
  const char* const exponent = std::find(text.data(), static_cast<char*>(end), 'e');
  bool behind_point = false;
  for (const char* c = text.data(); c != exponent; ++c) {
    if (*c == '.') {
      behind_point = true;
      continue;
    }
    result.digits = result.digits * 10 + static_cast<std::uint64_t>(*c - '0');
    if (behind_point) --result.exponent;
  }
  int power = 0;
  std::from_chars(exponent + (exponent[1] == '+' ? 2 : 1), end, power);
  result.exponent += power;
  return result;
}

bool Number::is_multiple_of(const Number& divisor) const noexcept {
  const Decimal whole = decimal();
  Decimal part = divisor.decimal();
  if (whole.digits == 0) return true;
  if (part.digits == 0) return false;
  if (whole.exponent >= part.exponent) {
    const std::uint64_t power = ten_to_modulo(whole.exponent - part.exponent, part.digits);
    return multiply_modulo(whole.digits % part.digits, power, part.digits) == 0;
  }
  Wide scaled = part.digits;
  for (; part.exponent > whole.exponent; --part.exponent) {
    scaled *= 10;
    if (scaled > whole.digits) return false;
  }
  return whole.digits % static_cast<std::uint64_t>(scaled) == 0;
}

std::string Number::to_text() const {
  if (const auto size = magnitude()) {
    return (size->negative && size->value != 0 ? "-" : "") + std::to_string(size->value);
  }
  std::array<char, 64> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), real_).ptr;
  return {text.data(), end};
}

}  // namespace sallyport::validation
