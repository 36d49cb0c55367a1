#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/accounts/token_ports.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/crypto/key_ring.hpp"

namespace sallyport::tokens {
class AccessTokenIssuer;
}

namespace sallyport::accounts {

/// Refresh tokens of the tokens library, under a ring of keys. `random`: unpredictable, thread-safe, outlives it.
class RingRefreshTokenMint final : public RefreshTokenMint {
 public:
  RingRefreshTokenMint(crypto::HmacKeyRing ring, Random& random) : ring_(std::move(ring)), random_(random) {}

  Minted mint() const override;
  std::optional<PresentedToken> read(std::string_view token) const override;
  std::optional<Secret<std::string>> derive(const StoredToken& stored) const override;

 private:
  crypto::HmacKeyRing ring_;
  Random& random_;
};

/// Access tokens of the tokens library. `jti` is a UUIDv7. All references outlive it.
class JwtAccessTokenSigner final : public AccessTokenSigner {
 public:
  JwtAccessTokenSigner(const tokens::AccessTokenIssuer& issuer, const Clock& clock, Random& random) noexcept
      : issuer_(issuer), clock_(clock), random_(random) {}

  Secret<std::string> sign(const AccessGrant& grant) const override;
  std::chrono::seconds lifetime() const noexcept override;

 private:
  const tokens::AccessTokenIssuer& issuer_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace sallyport::accounts
