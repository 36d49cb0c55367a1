#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sallyport/crypto/bytes.hpp"

namespace sallyport::crypto {

/// RFC 4648 section 5 without padding, the form of JOSE (RFC 7515 section 2).
std::string base64url_encode(ByteView bytes);
/// Exactly what base64url_encode writes, so that one value has one spelling: no padding, no white space, no other
/// alphabet, the unused bits of the last character zero. nullopt otherwise.
std::optional<std::string> base64url_decode(std::string_view text);

/// The alphabet of RFC 4648 section 4, also without padding: the form inside PHC strings. As strict.
std::string base64_encode(ByteView bytes);
std::optional<std::string> base64_decode(std::string_view text);

/// Lower-case hexadecimal, two digits a byte.
std::string hex_encode(ByteView bytes);
/// Lower case only, an even number of digits; nullopt otherwise.
std::optional<std::string> hex_decode(std::string_view text);

}  // namespace sallyport::crypto
