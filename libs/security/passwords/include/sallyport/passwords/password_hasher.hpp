#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/passwords/argon2.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::passwords {

/// Argon2id on a pool of its own, so that a flood of logins stops neither the event loops nor the machine. Shared by
/// all loops: thread-safe. Passwords have been through normalize_password before.
///
/// A call waits in a bounded queue; when that is full, or the work has not STARTED by the deadline (at most wait_max
/// from the call), it fails with Overloaded (Retry::Safe) and the password was never looked at. Started work always
/// runs to its end, a few tens of milliseconds, and its result is returned even after the deadline, because a guess
/// whose outcome was thrown away would be a free guess.
///
/// Cancelling a wait, or destroying the coroutine, takes queued work off the queue and forgets the result of started
/// work; neither has an effect outside. Who must settle a result does not cancel.
/// Destroying the hasher fails what is queued with Overloaded and joins the threads.
class PasswordHasher final {
 public:
  struct Options {
    Argon2Parameters parameters = {};
    std::size_t threads = 0;  ///< 0: the machine's cores less one, at least one
    std::size_t queue_max = 64;
    std::chrono::milliseconds wait_max{2000};
  };

  /// Calls so far that did Argon2 work, by kind, and those refused without any.
  struct Counts {
    std::uint64_t verified = 0, hashed = 0, burned = 0, overloaded = 0;
    std::uint64_t work() const noexcept { return verified + hashed + burned; }
  };

  PasswordHasher(Options options, const Clock& clock);
  ~PasswordHasher();
  PasswordHasher(const PasswordHasher&) = delete;
  PasswordHasher& operator=(const PasswordHasher&) = delete;

  /// Whether the password belongs to a stored hash, compared in constant time. InternalError, without work, when the
  /// stored text is no hash within the limits.
  runtime::Task<Result<bool>> verify(Secret<std::string> password, std::string phc, Deadline deadline);
  /// A PHC string with a fresh salt.
  runtime::Task<Result<std::string>> hash(Secret<std::string> password, Deadline deadline);
  /// For an unknown or disabled user: the work of a verification with the present parameters, and always false. Takes
  /// what verify takes, so that the caller's path is the same as well.
  runtime::Task<Result<bool>> burn(Secret<std::string> password, Deadline deadline);

  /// Whether a stored hash was made with other parameters or sizes than new ones are, or cannot be read.
  bool needs_rehash(std::string_view phc) const;
  Counts counts() const noexcept;
  std::size_t queued() const;  ///< calls that wait for a thread, for the metrics

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace sallyport::passwords
