#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace sallyport::detail {

/// Appends two lower-case hexadecimal digits a byte.
inline void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  char text[64];
  std::size_t used = 0;
  for (const std::uint8_t byte : bytes) {
    text[used++] = kDigits[byte >> 4U];
    text[used++] = kDigits[byte & 0x0fU];
    if (used == sizeof text) {
      out.append(text, used);
      used = 0;
    }
  }
  out.append(text, used);
}

}  // namespace sallyport::detail
