#pragma once

#include "sallyport/accounts/token_ports.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/crypto/key_ring.hpp"
#include "sallyport/tokens/access_token_issuer.hpp"

namespace sallyport::auth_service {

/// Refresh tokens of the tokens library behind the port of the accounts. `random` is unpredictable and thread-safe.
class RingMint final : public accounts::RefreshTokenMint {
 public:
  RingMint(const crypto::HmacKeyRing& ring, Random& random) : ring_(ring), random_(random) {}

  Minted mint() const override;
  std::optional<accounts::PresentedToken> read(std::string_view token) const override;
  std::optional<Secret<std::string>> derive(const accounts::StoredToken& stored) const override;

 private:
  const crypto::HmacKeyRing& ring_;
  Random& random_;
};

/// Access tokens of the tokens library behind the port of the accounts; each has an id of its own.
class IssuerSigner final : public accounts::AccessTokenSigner {
 public:
  IssuerSigner(const tokens::AccessTokenIssuer& issuer, const Clock& clock, Random& random)
      : issuer_(issuer), clock_(clock), random_(random) {}

  Secret<std::string> sign(const accounts::AccessGrant& grant) const override;
  std::chrono::seconds lifetime() const noexcept override { return issuer_.ttl(); }

 private:
  const tokens::AccessTokenIssuer& issuer_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace sallyport::auth_service
