#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "sallyport/lockout/store.hpp"

namespace sallyport::lockout {

/// Counts in this process: the embedded default, and what stands in while Redis is away. Same verdicts as
/// RedisLockoutStore, with its own monotonic clock. One for the whole process; thread-safe: split by account into
/// shards, each under a lock that is held for a microsecond.
///
/// Memory is bounded: accounts are spread over sets by a keyed hash that nobody outside can aim at, and a set holds at
/// most kWays counters, of which one account may have kBucketsPerAccount. A new counter in a full set takes the place
/// of the one with the fewest failures (of equals, the one that ends first). A locked counter and one with a try under
/// way are never given up: when there is nothing else, the newcomer is Busy. So no flood frees a locked account, and
/// forgetting one with four failures takes a set full of others with at least as many, each paid for with a password
/// hash of ours.
class MemoryLockoutStore final : public LockoutStore {
 public:
  static constexpr std::size_t kWays = 16;
  static constexpr std::size_t kBucketsPerAccount = 8;

  struct Options {
    Limits limits{};
    std::size_t counters_max = std::size_t{1} << 17U;  ///< rounded up to 256 times a power of two; ~250 bytes each
  };

  MemoryLockoutStore(const Clock& clock, Options options);
  explicit MemoryLockoutStore(const Clock& clock) : MemoryLockoutStore(clock, Options{}) {}
  ~MemoryLockoutStore() override;
  MemoryLockoutStore(const MemoryLockoutStore&) = delete;
  MemoryLockoutStore& operator=(const MemoryLockoutStore&) = delete;

  // The interface without coroutines.
  TryReply reserve_now(const Subject& subject, Carried carried = {});
  SettleReply settle_now(const Subject& subject, const Lease& lease, Outcome outcome);
  std::uint32_t unlock_now(std::string_view account_id);
  Status status_now(std::string_view account_id) const;

  /// Counts a failure whose lease another store gave. When there is no room, it is lost and counted in evictions().
  SettleReply record_failure(const Subject& subject);
  /// Takes the subject's failures out, to be carried into another store.
  Carried take(const Subject& subject);
  /// The way back, when the other store did not take them.
  void put_back(const Subject& subject, Carried carried);

  // These never wait and never fail.
  runtime::Task<StoreResult<TryReply>> reserve(const Subject& subject, Carried carried) override;
  runtime::Task<StoreResult<SettleReply>> settle(const Subject& subject, const Lease& lease, Outcome outcome) override;
  runtime::Task<StoreResult<std::uint32_t>> unlock(std::string_view account_id) override;
  runtime::Task<StoreResult<Status>> status(std::string_view account_id) override;

  std::size_t counters_max() const noexcept;
  /// Counters held now, dead ones that nobody came across included.
  std::size_t counters() const;
  /// Failures given up before their time since the start: the sign that counters_max is too small, or of a flood.
  std::uint64_t evictions() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::lockout
