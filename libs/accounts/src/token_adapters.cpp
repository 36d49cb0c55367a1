#include "sallyport/accounts/token_adapters.hpp"

#include <utility>

#include "sallyport/tokens/access_token_issuer.hpp"
#include "sallyport/tokens/refresh_token.hpp"

namespace sallyport::accounts {

RefreshTokenMint::Minted RingRefreshTokenMint::mint() const {
  auto issued = tokens::issue_refresh_token(ring_, random_);
  return Minted{std::move(issued.token), StoredToken{std::move(issued.record.token_hash), std::move(issued.record.kid),
                                                     std::move(issued.record.nonce)}};
}

std::optional<PresentedToken> RingRefreshTokenMint::read(std::string_view token) const {
  auto parsed = tokens::parse_refresh_token(token);
  if (!parsed) return std::nullopt;
  const bool loaded = ring_.find(parsed->kid) != nullptr;
  return PresentedToken{Secret<std::string>(std::string(token)), std::move(parsed->token_hash), std::move(parsed->kid),
                        loaded};
}

std::optional<Secret<std::string>> RingRefreshTokenMint::derive(const StoredToken& stored) const {
  return tokens::derive_refresh_token(ring_, tokens::RefreshTokenRecord{stored.key_id, stored.nonce, stored.hash});
}

Secret<std::string> JwtAccessTokenSigner::sign(const AccessGrant& grant) const {
  const WallTime now = clock_.wall_now();
  const std::string user = grant.user.to_string();
  const std::string session = grant.session.to_string();
  const std::string id = Uuid::v7(now, random_).to_string();
  return issuer_.issue({.subject = user, .session = session, .id = id, .role = name_of(grant.role)}, now).token;
}

std::chrono::seconds JwtAccessTokenSigner::lifetime() const noexcept {
  return issuer_.ttl();
}

}  // namespace sallyport::accounts
