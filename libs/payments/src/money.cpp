#include "sallyport/payments/money.hpp"

#include <algorithm>

namespace sallyport::payments {
namespace {

// ISO 4217 list one, without funds (BOV, CHE, …), metals (XAU, …), test and no-currency codes; sorted.
constexpr std::string_view kCodes =
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY "
    "COP "
    "CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS "
    "INR "
    "IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP "
    "MRU "
    "MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR "
    "SDG "
    "SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND "
    "VUV "
    "WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

constexpr bool listed(std::string_view code) noexcept {
  for (std::size_t at = 0; at < kCodes.size(); at += 4) {
    if (kCodes.substr(at, 3) == code) return true;
  }
  return false;
}

}  // namespace

std::optional<Currency> Currency::parse(std::string_view text) noexcept {
  if (text.size() != 3 || !listed(text)) return std::nullopt;
  return Currency({text[0], text[1], text[2]});
}

std::optional<Money> Money::plus(Money other) const noexcept {
  // Both are at most 2^53, so their sum cannot overflow.
  return other.currency_ == currency_ ? of(minor_ + other.minor_, currency_) : std::nullopt;
}

std::optional<Money> Money::minus(Money other) const noexcept {
  return other.currency_ == currency_ ? of(minor_ - other.minor_, currency_) : std::nullopt;
}

std::optional<Money> Money::times(std::uint32_t count) const noexcept {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(minor_, static_cast<std::int64_t>(count), &product)) return std::nullopt;
  return of(product, currency_);
}

}  // namespace sallyport::payments
