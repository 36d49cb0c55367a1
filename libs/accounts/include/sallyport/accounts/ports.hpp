#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sallyport/accounts/ids.hpp"
#include "sallyport/accounts/user.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::accounts {

/// What the service needs of password hashing. The passwords that it is given are normalised.
class PasswordWork {
 public:
  template <class T>
  using Task = runtime::Task<Result<T>>;

  virtual ~PasswordWork() = default;
  /// The password in the form in which it is hashed, if a user may choose it; nullopt: too weak, or not UTF-8.
  virtual std::optional<Secret<std::string>> acceptable(std::string_view password) const = 0;
  /// The same form of any password; nullopt: it cannot be one, which on login is a wrong password.
  virtual std::optional<Secret<std::string>> normalised(std::string_view password) const = 0;
  /// Overloaded: the work was not begun.
  virtual Task<std::string> hash(Secret<std::string> password, Deadline deadline) = 0;
  virtual Task<bool> verify(Secret<std::string> password, std::string stored, Deadline deadline) = 0;
  /// The work of a verification, for nobody.
  virtual Task<bool> burn(Secret<std::string> password, Deadline deadline) = 0;
  virtual bool needs_rehash(std::string_view stored) const = 0;
};

/// Whose wrong passwords are counted together.
struct GuardedAccount {
  std::variant<UserId, Email> who;            ///< an unknown address has a counter like a user's
  std::optional<std::string> device = {};     ///< id of a known device, from its cookie, already verified
  std::optional<SessionId> changing_in = {};  ///< set: a change of password within that session
};

/// Counts wrong passwords and locks accounts, exactly under parallel guesses.
class LoginGuard {
 public:
  template <class T>
  using Task = runtime::Task<Result<T>>;

  enum class Verdict : std::uint8_t { Right, Wrong, NotTried };
  struct Lease {
    GuardedAccount account;
    std::string id;
  };
  struct Locked {
    std::chrono::seconds retry_after;
  };
  struct Settled {
    bool locked_now = false;  ///< this wrong password was the last one allowed
  };

  virtual ~LoginGuard() = default;
  /// A place among the tries allowed. Overloaded: none became free in time.
  virtual Task<std::variant<Lease, Locked>> reserve(GuardedAccount account, Deadline deadline) = 0;
  /// Fails when the lease is over: then the result must not be told.
  virtual Task<Settled> settle(Lease lease, Verdict verdict, Deadline deadline) = 0;
  /// Forgets the counters of a user on all devices.
  virtual Task<void> unlock(UserId user, Deadline deadline) = 0;
};

/// Recognises a device on which an account has logged in before.
class DeviceMarks {
 public:
  virtual ~DeviceMarks() = default;
  /// The device's id, when the cookie is genuine and of this account in its present credential version.
  virtual std::optional<std::string> verify(std::string_view cookie, UserId user,
                                            std::int64_t credential_version) const = 0;
  /// A cookie for it; `device`: the id that it already has.
  virtual std::string issue(UserId user, std::int64_t credential_version,
                            const std::optional<std::string>& device) const = 0;
};

/// Where access tokens of ended sessions are refused before they expire.
class SessionDenylist {
 public:
  virtual ~SessionDenylist() = default;
  /// Called after the commit that ended them and before the answer. A failure is made good by the next
  /// AccountService::republish_ended.
  virtual runtime::Task<Result<void>> deny(std::vector<SessionId> sessions, Deadline deadline) = 0;
};

/// Told of what is worth counting or logging; never waits. Called on the event loop.
class AccountObserver {
 public:
  virtual ~AccountObserver() = default;
  virtual void denylist_failed(const Error& error) = 0;
  virtual void audit_failed(const Error& error) = 0;
};

}  // namespace sallyport::accounts
