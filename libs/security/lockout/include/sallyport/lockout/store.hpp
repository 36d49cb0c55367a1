#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/lockout/subject.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/storage/redis_client.hpp"

namespace sallyport::lockout {

/// The rules. The same in every process that shares a store.
struct Limits {
  std::uint32_t failures_max = 5;  ///< wrong passwords until the lock; 1…16
  std::chrono::milliseconds window{
      std::chrono::minutes(15)};  ///< from the first failure, anew from the one that locks; ≤ 7 days
  std::chrono::milliseconds lease{std::chrono::seconds(10)};  ///< how long a try may take; ≤ window
};

/// The right to verify one password.
struct Lease {
  std::string id;
  SteadyTime expires_at;  ///< not later than in the store's own clock
  bool local = false;     ///< given by this process while the shared store was away
};

/// How a try ended.
enum class Outcome : std::uint8_t {
  Ok,     ///< the right password: the count is deleted
  Fail,   ///< a wrong one: counted
  Abort,  ///< nothing was verified
};

/// The answer to a reservation.
struct TryReply {
  enum class Kind : std::uint8_t { Granted, Busy, Locked };
  Kind kind = Kind::Busy;
  Lease lease;                              ///< when granted
  std::uint32_t failures = 0;               ///< counted so far
  std::chrono::milliseconds retry_after{};  ///< when locked: what is left of the lock, > 0
};

struct SettleReply {
  bool lease_expired = false;  ///< nothing was changed, and the outcome must not be revealed
  bool locked_now = false;     ///< this failure was the one that locks
  std::uint32_t failures = 0;  ///< counted now
};

/// What an admin sees of an account.
struct Status {
  std::uint32_t failures = 0;               ///< of the account itself
  std::uint32_t open_tries = 0;             ///< of the account itself
  std::chrono::milliseconds retry_after{};  ///< zero: the account itself is not locked
  std::uint32_t buckets = 0;                ///< devices and sessions with failures
  std::uint32_t buckets_locked = 0;
};

/// Failures that were counted elsewhere and now move into the store.
struct Carried {
  std::uint32_t failures = 0;
  std::chrono::milliseconds remaining{};  ///< of their window; > 0 when failures > 0
};

template <class T>
using StoreResult = storage::RedisResult<T>;

/// Counts wrong passwords. Each call is one step that nothing comes between. At every moment and for every subject
///     failures + open leases ≤ failures_max,
/// which is why guesses in parallel get no further than guesses in turn: who would break it is Busy, and who finds
/// failures_max failures is Locked. Nothing but a failure prolongs a window, and a locked subject gets no lease.
/// Implementations: RedisLockoutStore (one per event loop), MemoryLockoutStore (one per process), and
/// FallbackLockoutStore, which puts the second behind the first.
class LockoutStore {
 public:
  virtual ~LockoutStore() = default;

  /// carried: added before the judgement, up to the limit.
  virtual runtime::Task<StoreResult<TryReply>> reserve(const Subject& subject, Carried carried) = 0;
  /// Ends a lease, once: a lease that is unknown, over or already settled answers lease_expired.
  virtual runtime::Task<StoreResult<SettleReply>> settle(const Subject& subject, const Lease& lease,
                                                         Outcome outcome) = 0;
  /// Deletes the failures of the account, its devices and its sessions; returns how many of them had any. Tries that
  /// are under way keep their leases and count in the new window.
  virtual runtime::Task<StoreResult<std::uint32_t>> unlock(std::string_view account_id) = 0;
  virtual runtime::Task<StoreResult<Status>> status(std::string_view account_id) = 0;
};

}  // namespace sallyport::lockout
