#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/rate_limit/store.hpp"

namespace sallyport::rate_limit {

/// Counts in this process: the embedded default, and what stands in while Redis is away. Same verdicts as RedisStore,
/// with its own monotonic clock. One for the whole process; thread-safe: split by identity into shards, each under a
/// lock that is held for some hundred nanoseconds, so what a decision checks and what it charges cannot be torn apart.
///
/// Memory is allocated once (64 bytes a key, touched as it is used) and never grows; no operation looks at more than
/// one set of eight places. A new key takes a free or expired place of its set. When all eight are alive, the one that
/// has used the smallest share of its limit is given up (of equals, the one that ends first). So a flood of new
/// addresses displaces other newcomers, and who is at the limit stays refused until eight addresses in the same set
/// have used up just as much; which keys share a set is decided by a secret hash that nobody outside can aim at.
class MemoryStore final : public RateLimitStore {
 public:
  struct Options {
    std::size_t keys_max = std::size_t{1} << 18U;  ///< rounded up to 512 times a power of two
  };

  /// random: read once, for the hash key.
  MemoryStore(const Clock& clock, Random& random, Options options);
  MemoryStore(const Clock& clock, Random& random) : MemoryStore(clock, random, Options{}) {}
  ~MemoryStore() override;
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  /// RateLimitStore::acquire without a coroutine. At most kChargesMax charges.
  Decision acquire_now(std::span<const Charge> charges) noexcept;
  void give_back_now(std::string_view key, std::int64_t cost, std::int64_t window_end_ms) noexcept;
  std::int64_t increment_now(std::string_view key, std::chrono::milliseconds ttl) noexcept;
  std::optional<std::int64_t> get_now(std::string_view key) const noexcept;
  Decision look_now(std::span<const Charge> charges) const noexcept;
  Decision forget_now(std::span<const Charge> charges) noexcept;

  // These never wait and never fail.
  runtime::Task<StoreResult<std::int64_t>> increment(std::string_view key, std::chrono::milliseconds ttl) override;
  runtime::Task<StoreResult<std::optional<std::int64_t>>> get(std::string_view key) override;
  runtime::Task<StoreResult<Decision>> acquire(std::span<const Charge> charges) override;
  runtime::Task<StoreResult<void>> give_back(std::string_view key, std::int64_t cost,
                                             std::int64_t window_end_ms) override;
  runtime::Task<StoreResult<Decision>> look(std::span<const Charge> charges) override;
  runtime::Task<StoreResult<Decision>> forget(std::span<const Charge> charges) override;

  std::size_t keys_max() const noexcept;
  /// Keys given up before their time, since the start: the sign that keys_max is too small, or of a flood.
  std::uint64_t evictions() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::rate_limit
