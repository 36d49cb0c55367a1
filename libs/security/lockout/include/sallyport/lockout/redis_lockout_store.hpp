#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sallyport/core/random.hpp"
#include "sallyport/lockout/store.hpp"

namespace sallyport::lockout {

/// Counts in Redis (7.0 or later), shared by all instances. One for each event loop, over that loop's client.
/// Each call is one script, and the time is Redis' own. Keys, all of one account in one Cluster slot:
///   <prefix>auth:fail:{<id>}[:<bucket>]   the count; its expiry is the window
///   <prefix>auth:try:{<id>}[:<bucket>]    sorted set of leases by their end in ms
///   <prefix>auth:dev:{<id>}               sorted set of buckets with failures, by the end of their window
/// A count that lost its expiry, or whose expiry lies further away than a window, gets one window; leases that end
/// later than any can are dropped (Redis' clock was set back).
/// After a timeout or a lost connection nothing is sent again, because it may have been done. READONLY (a demoted
/// master) also makes the client reconnect.
class RedisLockoutStore final : public LockoutStore {
 public:
  /// All references outlive the store. random: for the ids of leases, which need only be distinct.
  RedisLockoutStore(storage::RedisClient& client, std::string key_prefix, const Clock& clock, Random& random,
                    Limits limits);
  RedisLockoutStore(storage::RedisClient& client, std::string key_prefix, const Clock& clock, Random& random)
      : RedisLockoutStore(client, std::move(key_prefix), clock, random, Limits{}) {}
  ~RedisLockoutStore() override;
  RedisLockoutStore(const RedisLockoutStore&) = delete;
  RedisLockoutStore& operator=(const RedisLockoutStore&) = delete;

  /// For start-up: loads the scripts and runs each of them on keys of an account that is nobody's, which proves that
  /// this Redis user may do all that will be needed. Leaves no key behind.
  runtime::Task<StoreResult<void>> load();

  // Cancellation leaves the outcome unknown; a slot that nobody knows of is free again after a lease's time.
  runtime::Task<StoreResult<TryReply>> reserve(const Subject& subject, Carried carried) override;
  runtime::Task<StoreResult<SettleReply>> settle(const Subject& subject, const Lease& lease, Outcome outcome) override;
  runtime::Task<StoreResult<std::uint32_t>> unlock(std::string_view account_id) override;
  runtime::Task<StoreResult<Status>> status(std::string_view account_id) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::lockout
