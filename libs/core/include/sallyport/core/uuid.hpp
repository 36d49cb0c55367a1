#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"

namespace sallyport {

/// A universally unique identifier (RFC 9562).
class Uuid {
 public:
  constexpr Uuid() noexcept = default;  ///< the nil UUID

  /// Version 7 (RFC 9562 section 5.7): milliseconds since 1970, then 74 random bits, so that newer ones sort later.
  static Uuid v7(WallTime now, Random& random) noexcept {
    Uuid made;
    random.fill(made.bytes_);
    const auto ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    for (std::size_t i = 0; i < 6; ++i) made.bytes_[i] = static_cast<std::uint8_t>(ms >> (40U - 8U * i));
    made.bytes_[6] = static_cast<std::uint8_t>((made.bytes_[6] & 0x0fU) | 0x70U);
    made.bytes_[8] = static_cast<std::uint8_t>((made.bytes_[8] & 0x3fU) | 0x80U);
    return made;
  }

  /// Exactly what to_string() writes: 36 characters, lower case, any version; nullopt otherwise. One value has one
  /// spelling, so that it can be compared as text.
  static constexpr std::optional<Uuid> parse(std::string_view text) noexcept {
    if (text.size() != 36) return std::nullopt;
    Uuid read;
    std::size_t digits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (is_dash(i)) {
        if (c != '-') return std::nullopt;
        continue;
      }
      unsigned value = 0;
      if (c >= '0' && c <= '9') {
        value = static_cast<unsigned>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        value = static_cast<unsigned>(c - 'a') + 10U;
      } else {
        return std::nullopt;
      }
      std::uint8_t& byte = read.bytes_[digits / 2];
      byte = static_cast<std::uint8_t>((digits % 2 == 0) ? value << 4U : byte | value);
      ++digits;
    }
    return read;
  }

  /// "0190163d-8694-739b-aea5-966c26f8ad91".
  std::string to_string() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out(36, '-');
    std::size_t at = 0;
    for (const std::uint8_t byte : bytes_) {
      if (is_dash(at)) ++at;
      out[at++] = kDigits[byte >> 4U];
      out[at++] = kDigits[byte & 0x0fU];
    }
    return out;
  }

  constexpr std::span<const std::uint8_t, 16> bytes() const noexcept { return bytes_; }
  constexpr auto operator<=>(const Uuid&) const noexcept = default;

 private:
  static constexpr bool is_dash(std::size_t at) noexcept { return at == 8 || at == 13 || at == 18 || at == 23; }

  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace sallyport
