#include "sallyport/service/bearer.hpp"

#include "sallyport/core/assert.hpp"
#include "sallyport/service/answers.hpp"
#include "sallyport/tokens/credentials.hpp"

namespace sallyport::service {
namespace {

using tokens::TokenError;

constexpr std::size_t kVerifiedTokensMax = 4096;
constexpr std::chrono::seconds kRetryAfter{1};

net::Response refuse_token(const Exchange& exchange, TokenError error) {
  switch (error) {
    case TokenError::NoKeys:
      return refuse_for_now(exchange, ErrorCode::ServiceUnavailable, "This cannot be done now; try again.",
                            kRetryAfter);
    case TokenError::Expired:
      return refuse(exchange, ErrorCode::TokenExpired, "The access token has expired; refresh it.");
    default:
      return refuse(exchange, ErrorCode::InvalidToken, "The access token is not valid.");
  }
}

}  // namespace

Bearer::Bearer(tokens::AccessTokenVerifier verifier, denylist::Denylist& denylist, const Clock& clock,
               std::function<void()> unknown_key)
    : verifier_(std::move(verifier), kVerifiedTokensMax),
      denylist_(denylist),
      clock_(clock),
      unknown_key_(std::move(unknown_key)) {}

void Bearer::use(std::shared_ptr<const tokens::KeySet> keys) noexcept {
  verifier_.verifier().use(std::move(keys));
}

runtime::Task<std::optional<net::Response>> Bearer::authenticate(Exchange& exchange, Unchecked unchecked) {
  const auto credentials = tokens::credentials_of(exchange.request.fields);
  if (credentials.kind == tokens::Credentials::Kind::Several) {
    co_return refuse(exchange, ErrorCode::InvalidToken, "More than one Authorization field was sent.");
  }
  if (credentials.kind != tokens::Credentials::Kind::Bearer) {
    co_return refuse(exchange, ErrorCode::AuthenticationRequired,
                     "Send an access token: Authorization: Bearer <token>.");
  }
  const auto verified = verifier_.verify(credentials.token, clock_.wall_now());
  if (!verified) {
    if (verified.error() == TokenError::UnknownKey && unknown_key_) unknown_key_();
    co_return refuse_token(exchange, verified.error());
  }
  const tokens::Claims& claims = (*verified)->claims;
  const auto ended = co_await denylist_.denied(claims.session);
  if (ended.value_or(false)) {
    co_return refuse(exchange, ErrorCode::TokenRevoked, "The session of this access token has ended.");
  }
  if (!ended && unchecked == Unchecked::Refused) {
    co_return refuse_for_now(exchange, ErrorCode::ServiceUnavailable,
                             "Whether the session has ended cannot be checked now; try again soon.", kRetryAfter);
  }
  exchange.principal.emplace(claims.issuer, claims.subject, claims.session, claims.role);
  co_return std::nullopt;
}

std::optional<net::Response> require_role(const Exchange& exchange, std::string_view role) {
  SALLYPORT_ASSERT(exchange.principal.has_value());
  if (exchange.principal->role == role) return std::nullopt;
  return refuse(exchange, ErrorCode::Forbidden, "Your role does not allow this.");
}

}  // namespace sallyport::service
