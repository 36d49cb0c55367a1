#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sallyport/accounts/ports.hpp"
#include "sallyport/accounts/repository.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"

namespace sallyport::accounts {

/// The five fields of a token answer (RFC 6749 section 5.1); token_type is always Bearer.
struct TokenAnswer {
  Secret<std::string> access_token;
  std::chrono::seconds expires_in{};
  Secret<std::string> refresh_token;
  std::chrono::seconds refresh_expires_in{};
  UserId user;
  SessionId session;
};

struct InvalidEmail {};        ///< 422 validation_failed at /email
struct InvalidName {};         ///< 422 validation_failed at /name
struct WeakPassword {};        ///< 422 weak_password
struct InvalidCredentials {};  ///< 401 invalid_credentials
struct AccountLocked {         ///< 423 account_locked
  std::chrono::seconds retry_after;
};
struct InvalidIdempotencyKey {};  ///< 422 validation_failed

struct Registration {
  std::string email;
  Secret<std::string> password;
  std::optional<std::string> name;
  Role role = Role::User;  ///< Admin only from the command line
};

struct Login {
  std::string email;
  Secret<std::string> password;
  std::optional<std::string> device_cookie;  ///< value of __Host-device, if there was exactly one
};

struct LoggedIn {
  TokenAnswer tokens;
  std::string device_cookie;  ///< to be set
};

struct Refresh {
  Secret<std::string> token;
  std::optional<Secret<std::string>> idempotency_key;
  SteadyTime received_at;  ///< when the last byte of the body arrived: overlap is judged by it
};

struct NewPassword {
  UserId user;
  SessionId session;  ///< of the access token
  Secret<std::string> current_password;
  Secret<std::string> new_password;
};
struct PasswordSet {};
/// 401 invalid_credentials; when `session_ended` the bearer's session is over, too many guesses.
struct WrongPassword {
  bool session_ended = false;
};

struct ListedSession {
  Session session;
  bool current = false;
};

/// The use cases of identity: what a controller calls, one function a route. It turns their results into HTTP and knows
/// nothing else. One for each event loop; not thread-safe, but any number of calls may be under way.
///
/// Errors of all: Overloaded and ServiceUnavailable, both 503. No tokens were given then and none is used up, except
/// that a refresh whose outcome stays unknown may have happened. Cancellation: not on behalf of a client that left. A
/// login that verifies a password must settle its result.
class AccountService final {
 public:
  template <class T>
  using Task = runtime::Task<Result<T>>;

  /// All references outlive it.
  struct Parts {
    AccountRepository& repository;
    PasswordWork& passwords;
    LoginGuard& guard;
    DeviceMarks& devices;
    SessionDenylist& denylist;
    const RefreshTokenMint& mint;
    const AccessTokenSigner& signer;
    AccountObserver& observer;
    const Clock& clock;
    Random& random;  ///< unpredictable
  };

  explicit AccountService(Parts parts) noexcept : parts_(parts) {}

  Task<std::variant<User, EmailTaken, InvalidEmail, InvalidName, WeakPassword>> register_user(Registration form,
                                                                                              RequestOrigin origin,
                                                                                              Deadline deadline);
  Task<std::variant<LoggedIn, InvalidCredentials, AccountLocked>> login(Login form, RequestOrigin origin,
                                                                        Deadline deadline);
  Task<std::variant<TokenAnswer, RefreshRefusal, InvalidIdempotencyKey>> refresh(Refresh form, RequestOrigin origin,
                                                                                 Deadline deadline);
  /// Succeeds for whatever token: unknown, malformed, already ended.
  Task<void> logout(Secret<std::string> token, RequestOrigin origin, Deadline deadline);
  Task<void> logout_all(UserId user, RequestOrigin origin, Deadline deadline);

  /// nullopt: no such user.
  Task<std::optional<User>> me(UserId user, Deadline deadline);
  Task<std::vector<ListedSession>> sessions(UserId user, SessionId current, Deadline deadline);
  /// False: 404, the user has no such open session.
  Task<bool> delete_session(UserId user, SessionId session, RequestOrigin origin, Deadline deadline);
  Task<std::variant<PasswordSet, WrongPassword, WeakPassword, AccountLocked>> change_password(NewPassword form,
                                                                                              RequestOrigin origin,
                                                                                              Deadline deadline);

  // For administrators; `origin.actor` is the one who acts.
  Task<std::variant<User, UserNotFound, LastAdmin>> change_user(UserChange change, RequestOrigin origin,
                                                                Deadline deadline);
  /// How many were ended. Also for an unknown user: none.
  Task<std::size_t> revoke_sessions(UserId user, RequestOrigin origin, Deadline deadline);
  /// False: no such user.
  Task<bool> unlock(UserId user, RequestOrigin origin, Deadline deadline);

  /// Denies the sessions ended within the life of an access token and a minute once more; how many. For a job: every
  /// few seconds, after a failed deny, and when the denylist's store has lost its memory.
  Task<std::size_t> republish_ended(Deadline deadline);

 private:
  struct Verified {
    bool right = false;
    bool locked_now = false;
  };
  runtime::Task<Result<std::variant<Verified, AccountLocked>>> try_password(GuardedAccount account,
                                                                            std::optional<Credentials> credentials,
                                                                            Secret<std::string> password,
                                                                            Deadline deadline);
  runtime::Task<void> rehash(Credentials credentials, Secret<std::string> password, Deadline deadline);
  Deadline for_consequences(Deadline deadline) const;
  runtime::Task<void> deny(std::vector<SessionId> sessions, Deadline deadline);
  runtime::Task<void> audit(AuditEvent event, Deadline deadline);
  Result<TokenAnswer> answer(Rotated rotated);

  Parts parts_;
};

}  // namespace sallyport::accounts
