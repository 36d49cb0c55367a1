#include "sallyport/core/error.hpp"

#include <iterator>
#include <set>
#include <string_view>

#include <gtest/gtest.h>

namespace sallyport {
namespace {

struct CodeRow {
  ErrorCode code;
  int status;
  const char* name;
};

// The contract with clients, written a second time on purpose: a moved enumerator must not move a status.
constexpr CodeRow kContract[] = {
    {ErrorCode::MalformedRequest, 400, "malformed_request"},
    {ErrorCode::AuthenticationRequired, 401, "authentication_required"},
    {ErrorCode::InvalidToken, 401, "invalid_token"},
    {ErrorCode::TokenExpired, 401, "token_expired"},
    {ErrorCode::TokenRevoked, 401, "token_revoked"},
    {ErrorCode::InvalidCredentials, 401, "invalid_credentials"},
    {ErrorCode::InvalidRefreshToken, 401, "invalid_refresh_token"},
    {ErrorCode::RefreshTokenExpired, 401, "refresh_token_expired"},
    {ErrorCode::SessionRevoked, 401, "session_revoked"},
    {ErrorCode::RefreshTokenReuseDetected, 401, "refresh_token_reuse_detected"},
    {ErrorCode::Forbidden, 403, "forbidden"},
    {ErrorCode::NotFound, 404, "not_found"},
    {ErrorCode::MethodNotAllowed, 405, "method_not_allowed"},
    {ErrorCode::NotAcceptable, 406, "not_acceptable"},
    {ErrorCode::RequestTimeout, 408, "request_timeout"},
    {ErrorCode::EmailTaken, 409, "email_taken"},
    {ErrorCode::ConcurrentRefresh, 409, "concurrent_refresh"},
    {ErrorCode::RequestInProgress, 409, "request_in_progress"},
    {ErrorCode::InvalidPaymentState, 409, "invalid_payment_state"},
    {ErrorCode::LastAdmin, 409, "last_admin"},
    {ErrorCode::BodyTooLarge, 413, "body_too_large"},
    {ErrorCode::UriTooLong, 414, "uri_too_long"},
    {ErrorCode::UnsupportedMediaType, 415, "unsupported_media_type"},
    {ErrorCode::ExpectationFailed, 417, "expectation_failed"},
    {ErrorCode::MisdirectedRequest, 421, "misdirected_request"},
    {ErrorCode::ValidationFailed, 422, "validation_failed"},
    {ErrorCode::IdempotencyKeyReused, 422, "idempotency_key_reused"},
    {ErrorCode::WeakPassword, 422, "weak_password"},
    {ErrorCode::AccountLocked, 423, "account_locked"},
    {ErrorCode::RateLimited, 429, "rate_limited"},
    {ErrorCode::HeadersTooLarge, 431, "headers_too_large"},
    {ErrorCode::InternalError, 500, "internal_error"},
    {ErrorCode::NotImplemented, 501, "not_implemented"},
    {ErrorCode::BadGateway, 502, "bad_gateway"},
    {ErrorCode::ServiceUnavailable, 503, "service_unavailable"},
    {ErrorCode::CircuitOpen, 503, "circuit_open"},
    {ErrorCode::Overloaded, 503, "overloaded"},
    {ErrorCode::LimiterUnavailable, 503, "limiter_unavailable"},
    {ErrorCode::GatewayTimeout, 504, "gateway_timeout"},
    {ErrorCode::HttpVersionNotSupported, 505, "http_version_not_supported"},
};

TEST(ErrorCode, KeepsItsContract) {
  for (const auto& row : kContract) {
    EXPECT_EQ(info(row.code).status, row.status) << row.name;
    EXPECT_EQ(info(row.code).code, row.name);
  }
  EXPECT_EQ(std::size(kContract), static_cast<std::size_t>(ErrorCode::HttpVersionNotSupported) + 1);
}

TEST(ErrorCode, HasAnUniqueNameAndATitleThatIsPlainText) {
  std::set<std::string_view> names;
  for (const auto& row : kContract) {
    const auto& entry = info(row.code);
    EXPECT_TRUE(names.insert(entry.code).second) << entry.code;
    ASSERT_FALSE(entry.title.empty()) << entry.code;
    // It is put into JSON as it stands.
    EXPECT_EQ(entry.title.find_first_of("\"\\<>\n"), std::string_view::npos) << entry.title;
  }
}

TEST(Error, FailCarriesAllItsParts) {
  const Result<int> failed = fail(ErrorCode::BadGateway, "reset by peer", ErrorOrigin::Upstream, Retry::Safe);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::BadGateway);
  EXPECT_EQ(failed.error().detail, "reset by peer");
  EXPECT_EQ(failed.error().origin, ErrorOrigin::Upstream);
  EXPECT_EQ(failed.error().retry, Retry::Safe);
}

TEST(Error, IsNeverRetriedUnlessSomebodySaysSo) {
  const Result<> failed = fail(ErrorCode::InternalError, "");
  EXPECT_EQ(failed.error().retry, Retry::Never);
  EXPECT_EQ(failed.error().origin, ErrorOrigin::Internal);
}

}  // namespace
}  // namespace sallyport
