#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace sallyport {

/// Public, stable error codes: what a client sees as `code` in a problem document (RFC 9457).
enum class ErrorCode : std::uint8_t {
  MalformedRequest,
  AuthenticationRequired,
  InvalidToken,
  TokenExpired,
  TokenRevoked,
  InvalidCredentials,
  InvalidRefreshToken,
  RefreshTokenExpired,
  SessionRevoked,
  RefreshTokenReuseDetected,
  Forbidden,
  NotFound,
  MethodNotAllowed,
  NotAcceptable,
  RequestTimeout,
  EmailTaken,
  ConcurrentRefresh,
  RequestInProgress,
  InvalidPaymentState,
  LastAdmin,
  BodyTooLarge,
  UriTooLong,
  UnsupportedMediaType,
  ExpectationFailed,
  MisdirectedRequest,
  ValidationFailed,
  IdempotencyKeyReused,
  WeakPassword,
  AccountLocked,
  RateLimited,
  HeadersTooLarge,
  InternalError,
  NotImplemented,
  BadGateway,
  ServiceUnavailable,
  CircuitOpen,
  Overloaded,
  LimiterUnavailable,
  GatewayTimeout,
  HttpVersionNotSupported,
};

/// The fixed parts of an error code's answer.
struct ErrorInfo {
  int status;              ///< HTTP status code
  std::string_view code;   ///< the stable name, for example "rate_limited"
  std::string_view title;  ///< one short English sentence, the same for every occurrence
};

/// Every ErrorCode has an entry. O(1).
const ErrorInfo& info(ErrorCode code) noexcept;

/// Who caused an error: the client, the service behind us, or ourselves.
enum class ErrorOrigin : std::uint8_t { Downstream, Upstream, Internal };

/// Whether the failed operation may be tried again without doing it twice.
enum class Retry : std::uint8_t { Never, Safe };

/// An expected failure. `detail` is for the log and is never sent to a client.
struct Error {
  ErrorCode code = ErrorCode::InternalError;
  std::string detail;
  ErrorOrigin origin = ErrorOrigin::Internal;
  Retry retry = Retry::Never;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorCode code, std::string detail, ErrorOrigin origin = ErrorOrigin::Internal,
                                   Retry retry = Retry::Never) {
  return std::unexpected<Error>(Error{code, std::move(detail), origin, retry});
}

}  // namespace sallyport
