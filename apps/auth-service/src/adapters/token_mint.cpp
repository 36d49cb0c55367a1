#include "adapters/token_mint.hpp"

#include "sallyport/core/uuid.hpp"
#include "sallyport/tokens/refresh_token.hpp"

namespace sallyport::auth_service {
RingMint::Minted RingMint::mint() const {
  auto issued = tokens::issue_refresh_token(ring_, random_);
  return {std::move(issued.token),
          {std::move(issued.record.token_hash), std::move(issued.record.kid), std::move(issued.record.nonce)}};
}

std::optional<accounts::PresentedToken> RingMint::read(std::string_view token) const {
  auto parsed = tokens::parse_refresh_token(token);
  if (!parsed) return std::nullopt;
  const bool loaded = ring_.find(parsed->kid) != nullptr;
  return accounts::PresentedToken{Secret<std::string>(std::string(token)), std::move(parsed->token_hash),
                                  std::move(parsed->kid), loaded};
}

std::optional<Secret<std::string>> RingMint::derive(const accounts::StoredToken& stored) const {
  return tokens::derive_refresh_token(ring_, {stored.key_id, stored.nonce, stored.hash});
}

Secret<std::string> IssuerSigner::sign(const accounts::AccessGrant& grant) const {
  const WallTime now = clock_.wall_now();
  const std::string subject = grant.user.to_string();
  const std::string session = grant.session.to_string();
  const std::string id = Uuid::v7(now, random_).to_string();
  return issuer_.issue({subject, session, id, accounts::name_of(grant.role)}, now).token;
}

}  // namespace sallyport::auth_service
