#include "sallyport/core/error.hpp"

#include <array>

namespace sallyport {
namespace {

constexpr std::array kInfos = {
    ErrorInfo{400, "malformed_request", "The request is malformed"},
    ErrorInfo{401, "authentication_required", "Authentication is required"},
    ErrorInfo{401, "invalid_token", "The access token is not valid"},
    ErrorInfo{401, "token_expired", "The access token has expired"},
    ErrorInfo{401, "token_revoked", "The access token has been revoked"},
    ErrorInfo{401, "invalid_credentials", "The e-mail address or the password is wrong"},
    ErrorInfo{401, "invalid_refresh_token", "The refresh token is not valid"},
    ErrorInfo{401, "refresh_token_expired", "The refresh token has expired"},
    ErrorInfo{401, "session_revoked", "The session has ended"},
    ErrorInfo{401, "refresh_token_reuse_detected", "The refresh token was used before"},
    ErrorInfo{403, "forbidden", "Access to this resource is not allowed"},
    ErrorInfo{404, "not_found", "There is nothing at this address"},
    ErrorInfo{405, "method_not_allowed", "The method is not allowed here"},
    ErrorInfo{406, "not_acceptable", "There is no answer in an accepted media type"},
    ErrorInfo{408, "request_timeout", "The request did not arrive in time"},
    ErrorInfo{409, "email_taken", "The e-mail address has an account already"},
    ErrorInfo{409, "concurrent_refresh", "The refresh token is being used by another request"},
    ErrorInfo{409, "request_in_progress", "The same request is under way"},
    ErrorInfo{409, "invalid_payment_state", "The state of the payment does not allow this"},
    ErrorInfo{409, "last_admin", "The last administrator cannot be removed"},
    ErrorInfo{413, "body_too_large", "The request body is too large"},
    ErrorInfo{414, "uri_too_long", "The request target is too long"},
    ErrorInfo{415, "unsupported_media_type", "The media type of the body is not supported"},
    ErrorInfo{417, "expectation_failed", "The expectation cannot be met"},
    ErrorInfo{421, "misdirected_request", "This server does not answer for that host"},
    ErrorInfo{422, "validation_failed", "The content of the request is not valid"},
    ErrorInfo{422, "idempotency_key_reused", "The idempotency key was used for another request"},
    ErrorInfo{422, "weak_password", "The password is too easy to guess"},
    ErrorInfo{423, "account_locked", "The account is locked for a while"},
    ErrorInfo{429, "rate_limited", "Too many requests"},
    ErrorInfo{431, "headers_too_large", "The header fields are too large"},
    ErrorInfo{500, "internal_error", "Something went wrong on our side"},
    ErrorInfo{501, "not_implemented", "The method or coding is not implemented"},
    ErrorInfo{502, "bad_gateway", "The service behind the gateway gave no valid answer"},
    ErrorInfo{503, "service_unavailable", "The service is not available now"},
    ErrorInfo{503, "circuit_open", "The service is failing and gets no requests for the moment"},
    ErrorInfo{503, "overloaded", "There is more work than can be done in time"},
    ErrorInfo{503, "limiter_unavailable", "The rate limit cannot be checked now"},
    ErrorInfo{504, "gateway_timeout", "The service behind the gateway did not answer in time"},
    ErrorInfo{505, "http_version_not_supported", "The HTTP version is not supported"},
};
static_assert(kInfos.size() == static_cast<std::size_t>(ErrorCode::HttpVersionNotSupported) + 1);

}  // namespace

const ErrorInfo& info(ErrorCode code) noexcept {
  return kInfos[static_cast<std::size_t>(code)];
}

}  // namespace sallyport
