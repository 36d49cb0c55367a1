#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sallyport::crypto {

using ByteView = std::span<const std::uint8_t>;

/// The bytes of a text; lives as long as the text does.
inline ByteView bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The other way round: bytes as a view that std::string and std::string_view take.
inline std::string_view text_of(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// The one comparison for secrets, MACs and hashes: its time depends on the lengths only. Different lengths are
/// unequal.
bool constant_time_equal(ByteView a, ByteView b) noexcept;

}  // namespace sallyport::crypto
