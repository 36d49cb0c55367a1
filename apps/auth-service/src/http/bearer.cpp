#include "http/bearer.hpp"

#include "http/answers.hpp"
#include "sallyport/core/ascii.hpp"

namespace sallyport::auth_service {
namespace {

constexpr std::string_view kScheme = "bearer ";

std::unexpected<net::Response> reject(const Exchange& exchange, ErrorCode code, std::string_view detail) {
  return std::unexpected(refuse(exchange, code, detail));
}

}  // namespace

runtime::Task<std::expected<Principal, net::Response>> Bearer::authenticate(const Exchange& exchange) {
  const auto& fields = exchange.request.fields;
  const std::size_t count = fields.count("authorization");
  if (count > 1) co_return reject(exchange, ErrorCode::InvalidToken, "More than one Authorization field was sent.");
  const std::string_view value = count == 1 ? *fields.find("authorization") : std::string_view();
  if (value.size() < kScheme.size() || !iequals(value.substr(0, kScheme.size()), kScheme)) {
    co_return reject(exchange, ErrorCode::AuthenticationRequired,
                     "Send an access token: Authorization: Bearer <token>.");
  }
  const auto verified = verifier_.verify(trim_ows(value.substr(kScheme.size())), clock_.wall_now());
  if (!verified && verified.error() == tokens::TokenError::Expired) {
    co_return reject(exchange, ErrorCode::TokenExpired, "The access token has expired; refresh it.");
  }
  if (!verified) co_return reject(exchange, ErrorCode::InvalidToken, "The access token is not valid.");
  const auto user = accounts::UserId::parse((*verified)->claims.subject);
  const auto session = accounts::SessionId::parse((*verified)->claims.session);
  if (!user || !session) co_return reject(exchange, ErrorCode::InvalidToken, "The access token is not valid.");
  if (co_await denylist_.denied(*session)) {
    co_return reject(exchange, ErrorCode::TokenRevoked, "The session of this access token has ended.");
  }
  co_return Principal{*user, *session};
}

}  // namespace sallyport::auth_service
