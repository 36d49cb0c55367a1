#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/random.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/crypto/key_ring.hpp"

namespace sallyport::tokens {

// A refresh token is `rt1.<kid>.<base64url(HMAC-SHA-256(K_kid, nonce))>` with a random nonce of 32 bytes. The database
// keeps nonce and hash, the environment keeps the keys: neither alone yields a token, both together yield it again.

inline constexpr std::size_t kRefreshTokenBytesMax = 4 + crypto::kKeyIdBytesMax + 1 + 43;

/// What the database keeps of a token.
struct RefreshTokenRecord {
  std::string kid;
  std::string nonce;       ///< 64 lower-case hex digits
  std::string token_hash;  ///< SHA-256 of the whole token, 64 lower-case hex digits
};

struct IssuedRefreshToken {
  Secret<std::string> token;
  RefreshTokenRecord record;
};

/// A new token under the ring's current key. `random` must be unpredictable (crypto::SecureRandom).
IssuedRefreshToken issue_refresh_token(const crypto::HmacKeyRing& ring, Random& random);

/// The token of that record once more. nullopt: its kid is not in the ring, or the nonce is malformed, or the result
/// does not have the recorded hash (the key under that kid is another one).
std::optional<Secret<std::string>> derive_refresh_token(const crypto::HmacKeyRing& ring,
                                                        const RefreshTokenRecord& record);

/// A token that somebody sent and that has the right shape; nothing more is known of it.
struct PresentedRefreshToken {
  std::string kid;
  std::string token_hash;   ///< to look the record up with, 64 lower-case hex digits
  Secret<std::string> mac;  ///< 32 raw bytes
};

/// Exactly the form above: no padding, white space, or second spelling of the same bytes. nullopt: malformed, which
/// needs no look-up.
std::optional<PresentedRefreshToken> parse_refresh_token(std::string_view token);

/// Whether the record that was found by hash belongs to the token: hash and MAC are both compared, in constant time.
/// False as well when the kid is not in the ring.
bool matches(const crypto::HmacKeyRing& ring, const RefreshTokenRecord& record, const PresentedRefreshToken& presented);

enum class IdempotencyKeyError : std::uint8_t { TooShort, TooLong, BadCharacter };

/// For the `Idempotency-Key` of a refresh: 22…255 visible ASCII characters, since 22 of base64 are 128 random bits. A
/// guessable one would hand out a successor.
std::expected<void, IdempotencyKeyError> check_idempotency_key(std::string_view key) noexcept;

/// SHA-256 over the hash of the presented token (its 64 hex digits) and the key, 64 lower-case hex digits. Bound to the
/// token, so that equal keys of different tokens cannot be told to be equal.
std::string retry_key_hash(std::string_view token_hash, std::string_view key);

}  // namespace sallyport::tokens
