#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/accounts/ids.hpp"
#include "sallyport/accounts/token_ports.hpp"
#include "sallyport/core/clock.hpp"

namespace sallyport::accounts {

/// How long tokens and sessions live.
struct TokenLifetimes {
  std::chrono::seconds refresh_ttl = std::chrono::days(14);      ///< sliding: from each rotation
  std::chrono::seconds session_max = std::chrono::days(30);      ///< absolute: from the login
  std::chrono::seconds refresh_grace = std::chrono::seconds(0);  ///< a rotated token still gives its successor so long
};

/// Within it a client that lost an answer gets it again by the same Idempotency-Key.
inline constexpr std::chrono::minutes kReplayWindow{10};
inline constexpr int kReplaysMax = 3;

struct RotationRequest {
  PresentedToken presented;
  RefreshTokenId successor_id;
  StoredToken successor;  ///< what the presented token is exchanged for, if it is
  std::optional<Secret<std::string>> idempotency_key;
  SteadyTime received_at;  ///< when the last byte of the request's body arrived
  RequestOrigin origin;
};

/// Why a refresh gives no tokens. Each is one public error code of its own.
enum class RefreshRefusal : std::uint8_t {
  InvalidRefreshToken,   ///< 401 invalid_refresh_token
  ReuseDetected,         ///< 401 refresh_token_reuse_detected, with forced_logout
  SessionRevoked,        ///< 401 session_revoked
  Expired,               ///< 401 refresh_token_expired
  ConcurrentRefresh,     ///< 409 concurrent_refresh, without Retry-After
  IdempotencyKeyReused,  ///< 422 idempotency_key_reused
};

/// The public code, for example "session_revoked".
std::string_view name_of(RefreshRefusal refusal) noexcept;

struct Refused {
  RefreshRefusal refusal{};
  std::vector<SessionId> ended = {};  ///< sessions that this very request ended: to be denied before it is answered
};

enum class RotationKind : std::uint8_t { Rotated, Replayed, Grace };

struct Rotated {
  RotationKind kind{};
  UserId user;
  SessionId session;
  Role role{};
  StoredToken successor;
  std::chrono::seconds refresh_expires_in{};
  Secret<std::string> access_token;  ///< signed while the session was locked
};

using RotationOutcome = std::variant<Rotated, Refused>;

}  // namespace sallyport::accounts
