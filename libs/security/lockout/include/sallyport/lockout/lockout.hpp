#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/lockout/lockout_metrics.hpp"
#include "sallyport/lockout/store.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::lockout {

/// One password may be verified. Give it back with Lockout::settle, whatever happens; one that is dropped holds its
/// slot until its lease ends.
class Reservation final {
 public:
  Reservation(Reservation&&) noexcept = default;
  Reservation& operator=(Reservation&&) noexcept = default;
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  const Subject& subject() const noexcept { return subject_; }
  const Lease& lease() const noexcept { return lease_; }

 private:
  friend class Lockout;
  Reservation(Subject subject, Lease lease) : subject_(std::move(subject)), lease_(std::move(lease)) {}

  Subject subject_;
  Lease lease_;
};

/// No password may be verified.
struct Refusal {
  enum class Kind : std::uint8_t {
    Locked,       ///< 423 account_locked, without hashing anything
    Overloaded,   ///< 503 overloaded: all slots stayed taken
    Unavailable,  ///< 503 service_unavailable: the store failed; never behind a FallbackLockoutStore
  };
  Kind kind = Kind::Locked;
  std::chrono::seconds retry_after{1};  ///< for Retry-After: rounded up, ≥ 1
};

/// What became of a settled try.
struct Settlement {
  /// false: the lease was over (or the store failed). The answer is 503 overloaded whatever the password was, for the
  /// try was not counted.
  bool reveal = false;
  bool locked_now = false;     ///< this failure locked the subject: audit account.locked, or end the session
  std::uint32_t failures = 0;  ///< counted in the window
};

/// Guards the verification of passwords: reserve, verify, settle. One for each event loop; not thread-safe.
///
///   Subject subject = known device ? Subject::device(id, device) : Subject::account(id or pseudonym);
///   auto reservation = co_await lockout.reserve(subject, deadline);
///   if (!reservation) …423 or 503…
///   …verify; once it has started, settle its result even when the client is gone…
///   const auto settlement = co_await lockout.settle(*std::move(reservation), right ? Outcome::Ok : Outcome::Fail);
///   if (!settlement.reveal) …503…
class Lockout final {
 public:
  struct Options {
    std::chrono::milliseconds wait_max{2000};  ///< for a slot
    std::chrono::milliseconds poll_min{10};    ///< first pause between two looks; doubles up to poll_max
    std::chrono::milliseconds poll_max{80};
    std::size_t waiting_max = 512;  ///< callers that wait at once on this loop; more are Overloaded at once
  };

  /// All references outlive it.
  Lockout(LockoutStore& store, runtime::Executor executor, const Clock& clock, Random& random,
          const LockoutMetrics& metrics, metrics::Shard& shard, Options options);
  Lockout(LockoutStore& store, runtime::Executor executor, const Clock& clock, Random& random,
          const LockoutMetrics& metrics, metrics::Shard& shard)
      : Lockout(store, executor, clock, random, metrics, shard, Options{}) {}
  Lockout(const Lockout&) = delete;
  Lockout& operator=(const Lockout&) = delete;

  /// Takes a slot, waiting for one until the deadline and at most wait_max. Locked is answered at once.
  /// Cancellation leaves nothing while it waits, and at most one slot taken for the time of a lease otherwise.
  runtime::Task<std::expected<Reservation, Refusal>> reserve(Subject subject, Deadline deadline);

  /// Never to be cancelled on behalf of a client. Cancellation leaves unknown.
  runtime::Task<Settlement> settle(Reservation reservation, Outcome outcome);

  /// Clears the account, its devices and its sessions; how many had failures. Error: ServiceUnavailable, and it may or
  /// may not have been done. Harmless to repeat. Behind a FallbackLockoutStore, what another process counted during an
  /// outage reaches the shared store with that account's next try there, and only then can be unlocked.
  runtime::Task<Result<std::uint32_t>> unlock(std::string account_id);
  /// Error: ServiceUnavailable.
  runtime::Task<Result<Status>> status(std::string account_id);

  std::size_t waiting() const noexcept { return waiting_; }

 private:
  class Waiter;
  runtime::Task<bool> pause(std::chrono::milliseconds ceiling, Deadline deadline);
  std::unexpected<Refusal> refuse(Refusal::Kind kind, std::chrono::milliseconds retry_after);

  LockoutStore& store_;
  runtime::Executor executor_;
  const Clock& clock_;
  Random& random_;
  const LockoutMetrics& metrics_;
  metrics::Shard& shard_;
  Options options_;
  std::size_t waiting_ = 0;
};

}  // namespace sallyport::lockout
