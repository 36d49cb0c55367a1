#include "sallyport/tokens/refresh_token.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "refresh_match.hpp"
#include "sallyport/crypto/digest.hpp"
#include "sallyport/crypto/encoding.hpp"

namespace sallyport::tokens {

namespace {

constexpr std::string_view kPrefix = "rt1.";
constexpr std::size_t kNonceBytes = 32;
constexpr std::size_t kMacCharacters = 43;  // 32 bytes in base64url
constexpr std::size_t kIdempotencyKeyMin = 22, kIdempotencyKeyMax = 255;

crypto::Digest mac_of(const crypto::HmacKey& key, crypto::ByteView nonce) {
  return crypto::hmac_sha256(crypto::bytes_of(key.material.expose()), nonce);
}

std::string hash_of(std::string_view token) {
  return crypto::hex_encode(crypto::sha256(crypto::bytes_of(token)));
}

Secret<std::string> assemble(const crypto::HmacKey& key, crypto::ByteView nonce) {
  crypto::Digest mac = mac_of(key, nonce);
  Secret<std::string> encoded(crypto::base64url_encode(mac));
  wipe(mac.data(), mac.size());
  std::string token;
  token.reserve(kRefreshTokenBytesMax);
  token.append(kPrefix).append(key.kid).append(".").append(encoded.expose());
  return Secret<std::string>(std::move(token));
}

}  // namespace

IssuedRefreshToken issue_refresh_token(const crypto::HmacKeyRing& ring, Random& random) {
  std::array<std::uint8_t, kNonceBytes> nonce{};
  random.fill(nonce);
  IssuedRefreshToken issued;
  issued.token = assemble(ring.current(), nonce);
  issued.record = {ring.current().kid, crypto::hex_encode(nonce), hash_of(issued.token.expose())};
  return issued;
}

std::optional<Secret<std::string>> derive_refresh_token(const crypto::HmacKeyRing& ring,
                                                        const RefreshTokenRecord& record) {
  const crypto::HmacKey* const key = ring.find(record.kid);
  if (key == nullptr) return std::nullopt;
  const auto nonce = crypto::hex_decode(record.nonce);
  if (!nonce || nonce->size() != kNonceBytes) return std::nullopt;
  Secret<std::string> token = assemble(*key, crypto::bytes_of(*nonce));
  if (!crypto::constant_time_equal(crypto::bytes_of(hash_of(token.expose())), crypto::bytes_of(record.token_hash))) {
    return std::nullopt;
  }
  return token;
}

std::optional<PresentedRefreshToken> parse_refresh_token(std::string_view token) {
  if (token.size() > kRefreshTokenBytesMax || !token.starts_with(kPrefix)) return std::nullopt;
  const std::string_view rest = token.substr(kPrefix.size());
  if (rest.size() < kMacCharacters + 2) return std::nullopt;
  const std::size_t dot = rest.size() - kMacCharacters - 1;
  const std::string_view kid = rest.substr(0, dot);
  if (rest[dot] != '.' || !crypto::is_key_id(kid)) return std::nullopt;
  auto mac = crypto::base64url_decode(rest.substr(dot + 1));
  if (!mac) return std::nullopt;
  return PresentedRefreshToken{std::string(kid), hash_of(token), Secret<std::string>(*std::move(mac))};
}

bool matches(const crypto::HmacKeyRing& ring, const RefreshTokenRecord& record,
             const PresentedRefreshToken& presented) {
  const crypto::HmacKey* const key = ring.find(record.kid);
  const auto nonce = crypto::hex_decode(record.nonce);
  if (key == nullptr || record.kid != presented.kid || !nonce || nonce->size() != kNonceBytes) return false;
  crypto::Digest expected = mac_of(*key, crypto::bytes_of(*nonce));
  const bool same = both_equal(crypto::bytes_of(record.token_hash), crypto::bytes_of(presented.token_hash), expected,
                               crypto::bytes_of(presented.mac.expose()), crypto::constant_time_equal);
  wipe(expected.data(), expected.size());
  return same;
}

std::expected<void, IdempotencyKeyError> check_idempotency_key(std::string_view key) noexcept {
  if (key.size() < kIdempotencyKeyMin) return std::unexpected(IdempotencyKeyError::TooShort);
  if (key.size() > kIdempotencyKeyMax) return std::unexpected(IdempotencyKeyError::TooLong);
  const bool visible = std::ranges::all_of(key, [](char c) { return c > ' ' && c < 0x7f; });
  if (!visible) return std::unexpected(IdempotencyKeyError::BadCharacter);
  return {};
}

std::string retry_key_hash(std::string_view token_hash, std::string_view key) {
  Secret<std::string> both(std::string(token_hash).append(key));
  return crypto::hex_encode(crypto::sha256(crypto::bytes_of(both.expose())));
}

}  // namespace sallyport::tokens
