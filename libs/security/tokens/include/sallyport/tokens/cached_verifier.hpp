#pragma once

#include <expected>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/tokens/access_token_verifier.hpp"
#include "sallyport/tokens/token_cache.hpp"
#include "sallyport/tokens/token_error.hpp"

namespace sallyport::tokens {

/// A verifier that pays for a signature once. Each call asks anew whether the key is still loaded and whether the token
/// is in its time; the denylist is the caller's, on each request. Lives on one event loop.
/// Cost: SHA-256 of the token and one look-up while it is remembered.
class CachedVerifier final {
 public:
  CachedVerifier(AccessTokenVerifier verifier, std::size_t entries_max);

  /// The result outlives eviction and a change of keys, so it may be held across a wait.
  std::expected<TokenCache::Entry, TokenError> verify(std::string_view token, WallTime now);

  /// The same for a token that is remembered and still good; null for any other, at no more than the cost of the
  /// look-up. For work that can start before it is known whether a signature may be paid for.
  TokenCache::Entry remembered(std::string_view token, WallTime now) noexcept;

  AccessTokenVerifier& verifier() noexcept { return verifier_; }
  const TokenCache& cache() const noexcept { return cache_; }

 private:
  AccessTokenVerifier verifier_;
  TokenCache cache_;
};

}  // namespace sallyport::tokens
