#include "sallyport/tokens/cached_verifier.hpp"

#include <utility>

namespace sallyport::tokens {

CachedVerifier::CachedVerifier(AccessTokenVerifier verifier, std::size_t entries_max)
    : verifier_(std::move(verifier)), cache_(entries_max) {}

std::expected<TokenCache::Entry, TokenError> CachedVerifier::verify(std::string_view token, WallTime now) {
  if (!verifier_.ready()) return std::unexpected(TokenError::NoKeys);
  if (token.size() > kAccessTokenBytesMax) return std::unexpected(TokenError::TooLarge);
  const TokenDigest digest = digest_of(token);
  TokenCache::Entry entry = cache_.lookup(digest);
  const bool remembered = entry != nullptr;
  if (!remembered) {
    auto verified = verifier_.check_once(token);
    if (!verified) return std::unexpected(verified.error());
    entry = std::make_shared<const VerifiedToken>(*std::move(verified));
  }
  if (auto still = verifier_.check_every_time(*entry, now); !still) {
    if (remembered) cache_.erase(digest);
    return std::unexpected(still.error());
  }
  if (!remembered) cache_.insert(digest, entry);
  return entry;
}

TokenCache::Entry CachedVerifier::remembered(std::string_view token, WallTime now) noexcept {
  if (!verifier_.ready() || token.size() > kAccessTokenBytesMax) return nullptr;
  TokenCache::Entry entry = cache_.lookup(digest_of(token));
  if (entry != nullptr && !verifier_.check_every_time(*entry, now)) return nullptr;
  return entry;
}

}  // namespace sallyport::tokens
