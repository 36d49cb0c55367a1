#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/secret.hpp"
#include "sallyport/crypto/key_ring.hpp"

namespace sallyport::secrets {

/// The text forms of keys. All binary parts are base64url without padding.
///   an HMAC secret    <secret>                              (at least 32 bytes)
///   an HMAC ring      <kid>:<secret>[,<kid>:<secret>…]      (at most 8 keys; the first issues, all verify)
///   a signing ring    <kid>:<alg>:<seed>[,…]                (alg EdDSA or ES256; seed of exactly 32 bytes)
/// Parsing returns every rule that is broken ("key 2: …"), in words that hold nothing of a value.
using Faults = std::vector<std::string>;
inline constexpr std::size_t kRingKeysMax = 8;

std::expected<Secret<std::string>, Faults> parse_hmac_secret(std::string_view text);
std::expected<crypto::HmacKeyRing, Faults> parse_hmac_ring(std::string_view text);
std::expected<crypto::TokenKeyRing, Faults> parse_token_ring(std::string_view text);

/// The other way round; what they write, the parsers read.
Secret<std::string> format_hmac_secret(std::string_view material);
Secret<std::string> format_hmac_ring(const crypto::HmacKeyRing& ring);
Secret<std::string> format_token_ring(const crypto::TokenKeyRing& ring);

}  // namespace sallyport::secrets
