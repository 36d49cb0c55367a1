#include "pages/problem_guide.hpp"

#include <array>

namespace sallyport::api_gateway {
namespace {

struct Entry {
  ErrorCode code;
  ProblemGuide guide;
};

constexpr std::array kEntries = std::to_array<Entry>({
    {ErrorCode::MalformedRequest,
     {"The request breaks the rules of HTTP, its path can be read in two ways, or its body is no JSON: bad syntax, a "
      "name twice in one object, deeper than 32 levels, invalid UTF-8, something behind the value.",
      "Repair the client. The same request will always be refused."}},
    {ErrorCode::AuthenticationRequired,
     {"The operation needs an access token and none was sent.",
      "Send Authorization: Bearer with the access_token of a login."}},
    {ErrorCode::InvalidToken,
     {"The access token is broken or forged, was issued by or for somebody else, or its key is not in use any more.",
      "Log in again. Do not repeat the request with the same token."}},
    {ErrorCode::TokenExpired,
     {"The access token is past its lifetime, which is short on purpose.",
      "Exchange the refresh token with POST /auth/refresh, then repeat the request once."}},
    {ErrorCode::TokenRevoked,
     {"The session of the access token has ended by a logout, a new password or an administrator, or the account is "
      "disabled.",
      "Log in again."}},
    {ErrorCode::InvalidCredentials,
     {"No active account has this e-mail address and password. Which of the two is wrong is never told. When a "
      "password is changed: the current password is wrong.",
      "Ask the user again. Five wrong passwords lock the account for a while."}},
    {ErrorCode::InvalidRefreshToken, {"The refresh token is none of ours.", "Log in again."}},
    {ErrorCode::RefreshTokenExpired,
     {"The refresh token was not used in time, or its session has reached the age at which every session ends.",
      "Log in again."}},
    {ErrorCode::SessionRevoked,
     {"The session has ended by a logout, a new password or an administrator.", "Log in again."}},
    {ErrorCode::RefreshTokenReuseDetected,
     {"The refresh token had been exchanged before. Two parties hold it and nobody can tell which one is the thief, so "
      "all sessions of the account were ended; forced_logout is true.",
      "Log in again. Keep only the newest refresh token, and let only one request at a time exchange it."}},
    {ErrorCode::Forbidden,
     {"It is known who asks, and they may not do this: the role is missing, or a request with cookies comes from an "
      "Origin that is not ours.",
      "Do not repeat it. Ask for the role, or send the token in the body instead of the cookie."}},
    {ErrorCode::NotFound,
     {"Nothing is at this address, or it belongs to somebody else.",
      "Check the path and the id. Requests for nothing count against the rate limit too."}},
    {ErrorCode::MethodNotAllowed,
     {"The address exists, but does not take this method.", "Use one of the methods in the Allow field."}},
    {ErrorCode::NotAcceptable,
     {"There is no answer in a media type that the Accept field takes.", "Accept application/json."}},
    {ErrorCode::RequestTimeout,
     {"The head or the body of the request came too slowly. The connection was closed.",
      "Send it once more, on a new connection."}},
    {ErrorCode::EmailTaken, {"There is an account with this e-mail address.", "Log in, or use another address."}},
    {ErrorCode::ConcurrentRefresh,
     {"Another request is exchanging this very refresh token at the same time.",
      "Use the tokens that the other request received. Never send this refresh token again."}},
    {ErrorCode::RequestInProgress,
     {"The first request with this Idempotency-Key has not been answered yet.",
      "Wait a moment, then repeat the request with the same key and the same body."}},
    {ErrorCode::InvalidPaymentState,
     {"The status of the payment does not allow this step, for example a capture of what was canceled.",
      "Read the payment and go on from the status that it has."}},
    {ErrorCode::LastAdmin,
     {"The last active administrator would be demoted or disabled.", "Make somebody else an administrator first."}},
    {ErrorCode::BodyTooLarge, {"The body is larger than this address takes. The connection was closed.", "Send less."}},
    {ErrorCode::UriTooLong,
     {"The request target is longer than 8192 bytes. The connection was closed.", "Move parameters into a body."}},
    {ErrorCode::UnsupportedMediaType,
     {"The body is not declared as something that this address takes.", "Send Content-Type: application/json."}},
    {ErrorCode::ExpectationFailed,
     {"The Expect field asks for something other than 100-continue.", "Leave the field out."}},
    {ErrorCode::MisdirectedRequest,
     {"This server does not answer for the host in the request.",
      "Check host name and port. Who runs the server: see the setting hosts."}},
    {ErrorCode::ValidationFailed,
     {"Parameters or members of the body are missing, unknown, or not as the contract asks. The list errors names all "
      "of them, each with a pointer (RFC 6901), a code and a message.",
      "Correct what is listed. The same request will always be refused."}},
    {ErrorCode::IdempotencyKeyReused,
     {"The Idempotency-Key came with another request before.",
      "Make a fresh random key for each new operation, and use it again only to repeat the very same request."}},
    {ErrorCode::WeakPassword,
     {"The password is shorter than 8 bytes, longer than 1024, or one of the most common ones.",
      "Choose another one; a few random words are good."}},
    {ErrorCode::AccountLocked,
     {"There were five wrong passwords within 15 minutes. Even the right one is refused for now; sessions that are "
      "open go on.",
      "Wait as many seconds as Retry-After says, or ask an administrator."}},
    {ErrorCode::RateLimited,
     {"A budget of requests is used up; violated_policies names it.",
      "Wait as many seconds as Retry-After says, and some random time more. The RateLimit field shows on every answer "
      "how much is left."}},
    {ErrorCode::HeadersTooLarge,
     {"A header field is longer than 8 KiB, all together are longer than 32 KiB, or there are more than 100.",
      "Send smaller cookies and fewer fields."}},
    {ErrorCode::InternalError,
     {"Something that must not happen has happened on this side.",
      "Tell whoever runs this server the request_id. Whether the operation was carried out is not known."}},
    {ErrorCode::NotImplemented,
     {"The method or the transfer coding is not known here.", "Use the methods of RFC 9110, and chunked at most."}},
    {ErrorCode::BadGateway,
     {"The service behind the gateway cannot be reached, hung up, or answered what is not HTTP. It may have acted on "
      "the request.",
      "Repeat what can be repeated without harm, with growing pauses. Use an Idempotency-Key where one is taken."}},
    {ErrorCode::ServiceUnavailable,
     {"The service cannot work now, for example because its database is away. Nothing was changed.",
      "Repeat the request after as many seconds as Retry-After says."}},
    {ErrorCode::CircuitOpen,
     {"The service has failed too often, so it gets no requests for the moment. This one was not passed on.",
      "Repeat the request after as many seconds as Retry-After says."}},
    {ErrorCode::Overloaded,
     {"There is more work than can be done in time. The request was not begun.",
      "Repeat the request after as many seconds as Retry-After says, with growing pauses."}},
    {ErrorCode::LimiterUnavailable,
     {"The store of the rate limits is away, and this address is not served without it.",
      "Repeat the request after as many seconds as Retry-After says."}},
    {ErrorCode::GatewayTimeout,
     {"The service behind the gateway did not answer in time. It may have acted on the request, or may still do so.",
      "Repeat only what can be repeated without harm. Use an Idempotency-Key where one is taken."}},
    {ErrorCode::HttpVersionNotSupported,
     {"The request is neither HTTP/1.1 nor HTTP/1.0. The connection was closed.", "Speak HTTP/1.1."}},
});

constexpr bool in_order() {
  for (std::size_t i = 0; i < kEntries.size(); ++i) {
    if (static_cast<std::size_t>(kEntries[i].code) != i) return false;
  }
  return kEntries.size() == kErrorCodes;
}
static_assert(in_order());

}  // namespace

const ProblemGuide& guide(ErrorCode code) noexcept {
  return kEntries[static_cast<std::size_t>(code)].guide;
}

std::optional<ErrorCode> find_error_code(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kErrorCodes; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    if (info(code).code == name) return code;
  }
  return std::nullopt;
}

}  // namespace sallyport::api_gateway
