#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/accounts/ids.hpp"
#include "sallyport/accounts/user.hpp"

namespace sallyport::accounts {

enum class AuditType : std::uint8_t {
  UserRegistered,
  LoginSucceeded,
  LoginFailed,
  AccountLocked,
  AccountUnlocked,
  TokenRefreshed,
  TokenReplayed,
  TokenReuseDetected,
  SessionEnded,
  PasswordChanged,
  RoleChanged,
  UserDisabled,
  AdminAction,
  RateLimitReset,
};

enum class AuditSeverity : std::uint8_t { Info, Warning, Critical };

std::string_view name_of(AuditType type) noexcept;  ///< "user.registered", "token.reuse_detected", …
std::string_view name_of(AuditSeverity severity) noexcept;
std::optional<AuditType> parse_audit_type(std::string_view text) noexcept;
AuditSeverity severity_of(AuditType type) noexcept;

/// From where and in whose name a change is made: written beside every audit event.
struct RequestOrigin {
  std::optional<UserId> actor = std::nullopt;  ///< who asks, when known; otherwise the subject is taken
  std::string address = {};                    ///< of the client, in canonical form; empty: none (a job)
  std::string user_agent = {};                 ///< as received, any bytes; stored cut and cleaned
  std::string request_id = {};
  std::string actor_name = {};  ///< instead of an actor who is no user: "command line"
};

/// A fact that is never changed once written. No secret goes into it.
struct AuditEvent {
  AuditType type{};
  std::optional<UserId> subject = std::nullopt;
  std::optional<SessionId> session = std::nullopt;
  RequestOrigin origin = {};
  std::vector<std::pair<std::string, std::string>> details = {};  ///< becomes one flat JSON object of strings
};

struct StoredAuditEvent {
  AuditEventId id;
  Timestamp at;
  std::string type;
  std::string severity;
  std::optional<std::string> actor_id;  ///< a user's id, or the name of an actor who is none
  std::optional<std::string> subject_id;
  std::optional<std::string> session_id;
  std::optional<std::string> address;
  std::optional<std::string> request_id;
  std::string details;  ///< a JSON object
};

/// Newest first. Every condition that is set must hold.
struct AuditQuery {
  std::optional<AuditType> type = std::nullopt;
  std::optional<UserId> subject = std::nullopt;
  std::optional<Timestamp> from = std::nullopt;                                 ///< inclusive
  std::optional<Timestamp> to = std::nullopt;                                   ///< exclusive
  std::optional<std::pair<Timestamp, AuditEventId>> older_than = std::nullopt;  ///< the last one of the page before
  int limit = 50;                                                               ///< 1…kPageMax + 1
};

}  // namespace sallyport::accounts
