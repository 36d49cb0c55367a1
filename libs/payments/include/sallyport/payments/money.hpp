#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sallyport::payments {

/// A currency in which people pay: an active alphabetic code of ISO 4217. Funds, metals and test codes are none.
class Currency final {
 public:
  /// Upper case only; nullopt: not such a code.
  static std::optional<Currency> parse(std::string_view text) noexcept;
  std::string_view code() const noexcept { return {code_.data(), code_.size()}; }
  constexpr bool operator==(const Currency&) const noexcept = default;

 private:
  explicit constexpr Currency(std::array<char, 3> code) noexcept : code_(code) {}
  std::array<char, 3> code_;
};

/// An amount of one currency in its minor units (ISO 4217): 4999 is 49.99 euros or 4999 yen. Never negative and never
/// above kMinorMax: arithmetic that would leave that range has no result.
class Money final {
 public:
  static constexpr std::int64_t kMinorMax = 9'007'199'254'740'991;  ///< 2^53 − 1: exact in every JSON reader
  static constexpr std::int64_t kPaymentMax = 99'999'999;           ///< of one payment

  /// nullopt: negative, or above kMinorMax.
  static constexpr std::optional<Money> of(std::int64_t minor, Currency currency) noexcept {
    if (minor < 0 || minor > kMinorMax) return std::nullopt;
    return Money(minor, currency);
  }

  constexpr std::int64_t minor() const noexcept { return minor_; }
  constexpr Currency currency() const noexcept { return currency_; }
  /// May be the amount of a payment, a capture or a refund: 1…kPaymentMax.
  constexpr bool payable() const noexcept { return minor_ >= 1 && minor_ <= kPaymentMax; }

  /// nullopt: another currency, or above kMinorMax.
  std::optional<Money> plus(Money other) const noexcept;
  /// nullopt: another currency, or more than there is.
  std::optional<Money> minus(Money other) const noexcept;
  /// This amount times so many; nullopt: above kMinorMax.
  std::optional<Money> times(std::uint32_t count) const noexcept;

  constexpr bool operator==(const Money&) const noexcept = default;

 private:
  constexpr Money(std::int64_t minor, Currency currency) noexcept : minor_(minor), currency_(currency) {}
  std::int64_t minor_;
  Currency currency_;
};

}  // namespace sallyport::payments
