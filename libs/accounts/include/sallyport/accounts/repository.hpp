#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/accounts/rotation.hpp"
#include "sallyport/accounts/session.hpp"
#include "sallyport/accounts/user.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::accounts {

struct EmailTaken {};
struct LastAdmin {};
struct UserNotFound {};

struct NewSession {
  SessionId id;
  UserId user;
  std::int64_t credential_version = 0;  ///< the one whose password was verified
  RefreshTokenId token_id;
  StoredToken token;
};

struct OpenedSession {
  User user;
  std::chrono::seconds refresh_expires_in{};
  Secret<std::string> access_token;
};

struct PasswordChange {
  UserId user;
  std::int64_t credential_version = 0;  ///< the one whose password was verified
  Secret<std::string> new_hash;
  std::optional<SessionId> keep;  ///< the session that asks; all others end
};

struct UserChange {
  UserId user;
  std::optional<Role> role = std::nullopt;
  std::optional<UserStatus> status = std::nullopt;
};

struct ChangedUser {
  User user;
  std::vector<SessionId> ended;
};

struct UserQuery {
  std::string email_part = {};  ///< empty: all
  std::optional<UserStatus> status = std::nullopt;
  std::optional<UserId> after = std::nullopt;  ///< the last one of the page before
  int limit = 50;                              ///< 1…kPageMax + 1
};

/// What one run of the cleanup job removed.
struct Cleaned {
  std::size_t tokens = 0, sessions = 0;
  bool more = false;  ///< a batch was full: run again
};

/// Users, sessions and refresh tokens with their audit trail, kept in a database. Every function is one transaction
/// with the audit event it owes, so a change without its trace cannot be. May be called from any event loop.
///
/// Errors of all: Overloaded (no connection in time), ServiceUnavailable (database away, or the deadline came): in both
/// nothing was changed, except where a function says otherwise.
/// Cancellation leaves the outcome unknown: the transaction may still commit.
/// When the client has gone (net::abandonable), what only reads and open_session are stopped on the server; everything
/// else is finished, so that nobody escapes his trace or his forced logout by hanging up.
class AccountRepository {
 public:
  template <class T>
  using Task = runtime::Task<Result<T>>;

  virtual ~AccountRepository() = default;

  virtual Task<std::variant<User, EmailTaken>> create_user(NewUser user, RequestOrigin origin, Deadline deadline) = 0;
  virtual Task<std::optional<Credentials>> find_by_email(Email email, Deadline deadline) = 0;
  virtual Task<std::optional<Credentials>> find_credentials(UserId id, Deadline deadline) = 0;
  virtual Task<std::optional<User>> find_user(UserId id, Deadline deadline) = 0;
  /// In the order of their ids, which is that of their creation.
  virtual Task<std::vector<User>> list_users(UserQuery query, Deadline deadline) = 0;
  /// Stores a hash with newer parameters of the SAME password: ends nothing. False when the credentials have changed
  /// since.
  virtual Task<bool> store_rehash(UserId id, std::int64_t credential_version, Secret<std::string> hash,
                                  Deadline deadline) = 0;

  /// nullopt: the user is gone, disabled, or has other credentials by now.
  virtual Task<std::optional<OpenedSession>> open_session(NewSession session, RequestOrigin origin,
                                                          Deadline deadline) = 0;
  /// Exchanges a refresh token. When the connection breaks while COMMIT is under way, the outcome is looked up on
  /// another one; if that fails too the answer is ServiceUnavailable and the log says token.outcome_unknown.
  virtual Task<RotationOutcome> rotate(RotationRequest request, Deadline deadline) = 0;
  /// Ends the session of a token, which may be rotated or expired: that is no reuse. nullopt: nothing left to end.
  virtual Task<std::optional<SessionId>> logout(PresentedToken token, RequestOrigin origin, Deadline deadline) = 0;

  /// Open sessions, oldest first.
  virtual Task<std::vector<Session>> list_sessions(UserId user, Deadline deadline) = 0;
  /// Ends one open session of that user. False: the user has no such open session.
  virtual Task<bool> end_session(UserId user, SessionId session, EndReason reason, RequestOrigin origin,
                                 Deadline deadline) = 0;
  /// Ends all of them and returns which.
  virtual Task<std::vector<SessionId>> end_all_sessions(UserId user, EndReason reason, RequestOrigin origin,
                                                        Deadline deadline) = 0;
  /// The sessions that it ended. nullopt: the credentials have changed since, or the user is not active.
  virtual Task<std::optional<std::vector<SessionId>>> change_password(PasswordChange change, RequestOrigin origin,
                                                                      Deadline deadline) = 0;
  /// Ends all sessions of the user when something really changes.
  virtual Task<std::variant<ChangedUser, UserNotFound, LastAdmin>> change_user(UserChange change, RequestOrigin origin,
                                                                               Deadline deadline) = 0;

  /// Sessions ended within `window`, in the order of their end; `after`: the last one of the page before.
  virtual Task<std::vector<EndedSession>> ended_within(std::chrono::seconds window, std::optional<EndedSession> after,
                                                       int limit, Deadline deadline) = 0;
  /// Removes at most 100 tokens and 100 sessions whose session expired a day ago. What has not expired stays, ended or
  /// not: by it a replay is recognised.
  virtual Task<Cleaned> clean(Deadline deadline) = 0;

  virtual Task<void> record(AuditEvent event, Deadline deadline) = 0;
  virtual Task<std::vector<StoredAuditEvent>> audit_events(AuditQuery query, Deadline deadline) = 0;
};

}  // namespace sallyport::accounts
