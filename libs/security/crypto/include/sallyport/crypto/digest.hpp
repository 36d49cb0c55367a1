#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "sallyport/core/secret.hpp"
#include "sallyport/crypto/bytes.hpp"

namespace sallyport::crypto {

/// 32 bytes: a SHA-256 hash or an HMAC-SHA-256 tag. Compare with constant_time_equal when it guards something.
using Digest = std::array<std::uint8_t, 32>;

/// FIPS 180-4. Thread-safe. When OpenSSL itself fails (no memory) the process stops.
Digest sha256(ByteView message);

/// RFC 2104 and FIPS 198-1. A key of any length, but see the secrets library: ours have at least 32 bytes.
Digest hmac_sha256(ByteView key, ByteView message);

/// HKDF-SHA-256 (RFC 5869), extract and expand: independent keys, told apart by `info`, from one of full strength.
/// `bytes`: 1…8160, anything else is a bug.
Secret<std::string> hkdf_sha256(ByteView key, ByteView salt, ByteView info, std::size_t bytes);

}  // namespace sallyport::crypto
