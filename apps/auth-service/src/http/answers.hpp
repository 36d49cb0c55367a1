#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "http/exchange.hpp"
#include "http/json_form.hpp"
#include "sallyport/accounts/service.hpp"
#include "sallyport/net/problem.hpp"

namespace sallyport::auth_service {

/// A problem document about this exchange. detail goes to the client; members is further complete JSON. A 401
/// challenges for a bearer token (RFC 9110 section 15.5.2).
net::Response refuse(const Exchange& exchange, ErrorCode code, std::string_view detail, std::string_view members = {});
/// The same with Retry-After and the member retry_after.
net::Response refuse_for_now(const Exchange& exchange, ErrorCode code, std::string_view detail,
                             std::chrono::seconds retry_after);
/// 422 validation_failed with all that is wrong.
net::Response refuse_form(const Exchange& exchange, std::span<const FormError> errors);
/// For what went wrong on our side: 503 with Retry-After, or 500. Nothing of the error's detail is told.
net::Response unavailable(const Exchange& exchange, const Error& error);

/// An answer for one user only: Cache-Control: no-store.
net::Response private_json(int status, std::string body);
net::Response no_content();

std::string user_json(const accounts::User& user);
std::string sessions_json(std::span<const accounts::ListedSession> sessions);
/// RFC 6749 section 5.1. Without the refresh token when that one goes into a cookie.
enum class RefreshTokenIn : std::uint8_t { Body, Cookie };
std::string token_json(const accounts::TokenAnswer& tokens, RefreshTokenIn where);

/// "2026-01-31T12:34:56.000001Z" (RFC 3339).
std::string format_time(accounts::Timestamp time);

}  // namespace sallyport::auth_service
