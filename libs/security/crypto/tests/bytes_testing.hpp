#pragma once

#include <string>
#include <string_view>

#include "sallyport/crypto/encoding.hpp"

namespace sallyport::crypto::testing {

/// Bytes from hexadecimal, for vectors; a mistyped vector throws.
inline std::string unhex(std::string_view text) {
  return hex_decode(text).value();
}

inline std::string hex(ByteView bytes) {
  return hex_encode(bytes);
}

}  // namespace sallyport::crypto::testing
