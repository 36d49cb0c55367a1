#include "controllers/sign_in.hpp"

#include "controllers/forms.hpp"
#include "http/account_json.hpp"
#include "http/cookies.hpp"
#include "sallyport/lockout/device_cookie.hpp"
#include "sallyport/service/answers.hpp"
#include "sallyport/service/body.hpp"

namespace sallyport::auth_service {
namespace {

using accounts::RefreshRefusal;
using service::FieldError;
using service::no_content;
using service::private_json;
using service::refuse;
using service::refuse_for_now;
using service::refuse_invalid;
using validation::ParameterIn;

net::Response refuse_refresh(const Exchange& exchange, RefreshRefusal refusal) {
  switch (refusal) {
    case RefreshRefusal::InvalidRefreshToken:
      break;
    case RefreshRefusal::ReuseDetected:
      return refuse(exchange, ErrorCode::RefreshTokenReuseDetected,
                    "The token had been used before, so all sessions of the account were ended. Log in again.",
                    "\"forced_logout\":true");
    case RefreshRefusal::SessionRevoked:
      return refuse(exchange, ErrorCode::SessionRevoked, "The session has ended. Log in again.");
    case RefreshRefusal::Expired:
      return refuse(exchange, ErrorCode::RefreshTokenExpired, "The refresh token is too old. Log in again.");
    case RefreshRefusal::ConcurrentRefresh:
      return refuse(exchange, ErrorCode::ConcurrentRefresh,
                    "Use the token that the other request received; never send this one again.");
    case RefreshRefusal::IdempotencyKeyReused:
      return refuse(exchange, ErrorCode::IdempotencyKeyReused,
                    "An earlier refresh of this session had the same Idempotency-Key. Make a new one for each.");
  }
  return refuse(exchange, ErrorCode::InvalidRefreshToken, "The refresh token is not valid. Log in again.");
}

/// Whether a browser shall forget its token with this answer. The loser of a race must not lose the winner's cookie.
bool is_final(RefreshRefusal refusal) noexcept {
  return refusal != RefreshRefusal::ConcurrentRefresh && refusal != RefreshRefusal::IdempotencyKeyReused;
}

net::Response token_answer(const accounts::TokenAnswer& tokens, RefreshTokenIn where) {
  net::Response response = private_json(200, token_json(tokens, where));
  response.add("Pragma", "no-cache");  // RFC 6749 section 5.1
  if (where == RefreshTokenIn::Cookie) {
    response.add("Set-Cookie", set_refresh_cookie(tokens.refresh_token.expose(), tokens.refresh_expires_in));
  }
  return response;
}

}  // namespace

SignIn::Answer SignIn::register_user(Exchange& exchange) {
  auto request = co_await contract_.check(exchange);
  if (!request) co_return std::move(request.error());
  auto outcome =
      co_await service_.register_user(registration_in(request->body.value), audit_origin(exchange), exchange.deadline);
  if (!outcome) co_return std::unexpected(std::move(outcome.error()));
  if (const auto* user = std::get_if<accounts::User>(&*outcome)) co_return private_json(201, user_json(*user));
  if (std::holds_alternative<accounts::EmailTaken>(*outcome)) {
    co_return refuse(exchange, ErrorCode::EmailTaken, "There is an account with this e-mail address.");
  }
  if (std::holds_alternative<accounts::InvalidEmail>(*outcome)) {
    co_return refuse_invalid(
        exchange, FieldError{"/email", "format", "must be an e-mail address in ASCII of at most 254 characters"});
  }
  if (std::holds_alternative<accounts::InvalidName>(*outcome)) {
    co_return refuse_invalid(exchange,
                             FieldError{"/name", "format", "must have 1 to 200 characters and no control characters"});
  }
  co_return refuse(exchange, ErrorCode::WeakPassword,
                   "Choose a password of 8 to 1024 bytes that is not one of the most common ones.");
}

SignIn::Answer SignIn::login(Exchange& exchange) {
  auto parameters = contract_.parameters(exchange);
  if (!parameters) co_return std::move(parameters.error());
  const bool cookie = parameters->text(ParameterIn::Query, "cookie").has_value();
  // A page of somebody else's could log its visitor into an account of that somebody.
  if (cookie && origin_of(exchange, origins_) == OriginOf::Foreign) {
    co_return refuse(exchange, ErrorCode::Forbidden, "This Origin may not use cookies here.");
  }
  auto body = co_await contract_.body(exchange);
  if (!body) co_return std::move(body.error());
  accounts::Login login = login_in(body->value);
  const FoundCookie device = find_cookie(exchange.request.fields, lockout::kDeviceCookieName);
  if (device.count == 1) login.device_cookie = std::string(device.value);
  auto outcome = co_await service_.login(std::move(login), audit_origin(exchange), exchange.deadline);
  if (!outcome) co_return std::unexpected(std::move(outcome.error()));
  if (const auto* locked = std::get_if<accounts::AccountLocked>(&*outcome)) {
    co_return refuse_for_now(exchange, ErrorCode::AccountLocked, "There were too many wrong passwords.",
                             locked->retry_after);
  }
  if (std::holds_alternative<accounts::InvalidCredentials>(*outcome)) {
    co_return refuse(exchange, ErrorCode::InvalidCredentials, "No account has this e-mail address and password.");
  }
  const auto& logged_in = std::get<accounts::LoggedIn>(*outcome);
  net::Response response = token_answer(logged_in.tokens, cookie ? RefreshTokenIn::Cookie : RefreshTokenIn::Body);
  response.add("Set-Cookie", lockout::set_device_cookie(logged_in.device_cookie));
  co_return response;
}

/// A refresh token from the body or from the cookie. Whatever comes with the cookie may come from a foreign page, so it
/// has to prove that it does not.
runtime::Task<std::expected<SignIn::PresentedRefresh, net::Response>> SignIn::receive_refresh_token(
    Exchange& exchange) {
  const FoundCookie cookie = find_cookie(exchange.request.fields, kRefreshCookie);
  if (cookie.count != 0) {
    if (!service::declares_json(exchange)) {
      co_return std::unexpected(
          refuse(exchange, ErrorCode::Forbidden, "A request with the cookie needs Content-Type: application/json."));
    }
    if (origin_of(exchange, origins_) != OriginOf::Ours) {
      co_return std::unexpected(refuse(exchange, ErrorCode::Forbidden, "This Origin may not use cookies here."));
    }
    if (cookie.count > 1) {
      co_return std::unexpected(
          refuse_invalid(exchange, FieldError{"", "cookie_repeated", "the cookie was sent more than once"}));
    }
  }
  auto request = co_await contract_.check(exchange);
  const SteadyTime received_at = clock_.now();
  if (!request) co_return std::unexpected(std::move(request.error()));
  std::optional<Secret<std::string>> key;
  if (const auto text = request->parameters.text(ParameterIn::Header, "idempotency-key")) {
    key = Secret<std::string>(std::string(*text));
  }
  auto in_body = refresh_token_in(request->body.value);
  if (in_body && cookie.count != 0) {
    co_return std::unexpected(refuse_invalid(
        exchange, FieldError{"/refresh_token", "conflict", "came in the body and as a cookie: send one of them"}));
  }
  if (in_body) co_return PresentedRefresh{*std::move(in_body), false, std::move(key), received_at};
  if (cookie.count != 0) {
    co_return PresentedRefresh{Secret<std::string>(std::string(cookie.value)), true, std::move(key), received_at};
  }
  co_return std::unexpected(refuse_invalid(exchange, FieldError{"/refresh_token", "required", "is missing"}));
}

SignIn::Answer SignIn::refresh(Exchange& exchange) {
  auto presented = co_await receive_refresh_token(exchange);
  if (!presented) co_return std::move(presented.error());
  accounts::Refresh refresh{std::move(presented->token), std::move(presented->idempotency_key), presented->received_at};
  auto refreshed = co_await service_.refresh(std::move(refresh), audit_origin(exchange), exchange.deadline);
  if (!refreshed) co_return std::unexpected(std::move(refreshed.error()));
  if (const auto* tokens = std::get_if<accounts::TokenAnswer>(&*refreshed)) {
    co_return token_answer(*tokens, presented->by_cookie ? RefreshTokenIn::Cookie : RefreshTokenIn::Body);
  }
  if (const auto* refusal = std::get_if<RefreshRefusal>(&*refreshed)) {
    net::Response response = refuse_refresh(exchange, *refusal);
    if (presented->by_cookie && is_final(*refusal)) response.add("Set-Cookie", clear_refresh_cookie());
    co_return response;
  }
  co_return refuse_invalid(
      exchange, FieldError{"/header/idempotency-key", "pattern", "must have 22 to 255 visible ASCII characters"});
}

SignIn::Answer SignIn::logout(Exchange& exchange) {
  auto presented = co_await receive_refresh_token(exchange);
  if (!presented) co_return std::move(presented.error());
  auto done = co_await service_.logout(std::move(presented->token), audit_origin(exchange), exchange.deadline);
  if (!done) co_return std::unexpected(std::move(done.error()));
  net::Response response = no_content();
  if (presented->by_cookie) response.add("Set-Cookie", clear_refresh_cookie());
  co_return response;
}

}  // namespace sallyport::auth_service
