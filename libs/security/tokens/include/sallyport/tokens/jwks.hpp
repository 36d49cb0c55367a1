#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "sallyport/core/error.hpp"
#include "sallyport/crypto/key_ring.hpp"
#include "sallyport/tokens/key_set.hpp"

namespace sallyport::tokens {

inline constexpr std::size_t kJwksBytesMax = 65536;

/// The public halves of our ring as a JWK set (RFC 7517 section 5, RFC 8037 section 2), in the ring's order.
std::string render_jwks(const crypto::TokenKeyRing& ring);

/// Reads a JWK set of at most kJwksBytesMax bytes and kKeysMax keys. Passed over are keys that are not for us: of an
/// unknown kind or curve, for another `use`, `key_ops` or `alg`, without a `kid`, RSA below 2048 bits. Refused as a
/// whole (BadGateway, origin Upstream) are sets that are wrong: bad JSON, a name twice, one `kid` for two usable keys,
/// broken key material, and any private or secret member. The set may come out empty.
Result<std::shared_ptr<const KeySet>> parse_jwks(std::string_view text);

}  // namespace sallyport::tokens
