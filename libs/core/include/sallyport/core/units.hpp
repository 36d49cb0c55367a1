#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport {

/// "250ms", "15s", "15m", "1h", "14d": digits and a unit, nothing else. nullopt when malformed or above 2^53 ms.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) noexcept;
/// "0", "512B", "64KiB", "1MiB", "2GiB". nullopt when malformed or above 2^62 bytes.
std::optional<std::uint64_t> parse_size(std::string_view text) noexcept;

std::string format_duration(std::chrono::milliseconds value);
std::string format_size(std::uint64_t bytes);

}  // namespace sallyport
