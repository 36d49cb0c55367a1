#include "sallyport/core/units.hpp"

#include <array>

#include <fmt/format.h>

namespace sallyport {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kMaxMilliseconds = std::uint64_t{1} << 53U;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 62U;

// Largest first, as formatting wants them.
constexpr std::array kDurationUnits = {Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000},
                                       Unit{"ms", 1}};
constexpr std::array kSizeUnits = {Unit{"GiB", std::uint64_t{1} << 30U}, Unit{"MiB", std::uint64_t{1} << 20U},
                                   Unit{"KiB", std::uint64_t{1} << 10U}, Unit{"B", 1}};

/// Digits followed by one of the units; the product is at most `max`. A leading zero is refused because readers differ
/// about what "010s" means.
template <std::size_t N>
std::optional<std::uint64_t> parse_with_unit(std::string_view text, const std::array<Unit, N>& units,
                                             std::uint64_t max) noexcept {
  std::uint64_t number = 0;
  std::size_t digits = 0;
  for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; ++digits) {
    const auto digit = static_cast<std::uint64_t>(text[digits] - '0');
    if (number > (max - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  if (digits == 0 || (digits > 1 && text.front() == '0')) return std::nullopt;
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.name) continue;
    if (number > max / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept {
  const auto value = parse_with_unit(text, kDurationUnits, kMaxMilliseconds);
  if (!value) return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(*value));
}

std::optional<std::uint64_t> parse_size(std::string_view text) noexcept {
  if (text == "0") return 0;
  return parse_with_unit(text, kSizeUnits, kMaxBytes);
}

std::string format_duration(std::chrono::milliseconds value) {
  const auto count = value.count();
  if (count == 0) return "0s";
  for (const Unit& unit : kDurationUnits) {
    const auto factor = static_cast<std::chrono::milliseconds::rep>(unit.factor);
    if (count % factor == 0) return fmt::format("{}{}", count / factor, unit.name);
  }
  return fmt::format("{}ms", count);
}

std::string format_size(std::uint64_t bytes) {
  if (bytes == 0) return "0";
  for (const Unit& unit : kSizeUnits) {
    if (bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
  }
  return fmt::format("{}B", bytes);
}

}  // namespace sallyport
