#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/rate_limit/store.hpp"
#include "sallyport/storage/redis_client.hpp"

namespace sallyport::rate_limit {

/// Counts in Redis (7.0 or later), shared by all instances. One for each event loop, over that loop's client.
/// Each decision is one EVALSHA; the time is Redis' own. When Redis lost its scripts they are loaded and the command is
/// sent once more, since nothing was counted; after a timeout or a lost connection nothing is sent again, because it
/// may have been counted. READONLY (a demoted master) also makes the client reconnect.
class RedisStore final : public RateLimitStore {
 public:
  /// client: outlives the store.
  explicit RedisStore(storage::RedisClient& client);
  ~RedisStore() override;
  RedisStore(const RedisStore&) = delete;
  RedisStore& operator=(const RedisStore&) = delete;

  /// For start-up: loads the scripts and proves that this user may run every command that acquire() and give_back()
  /// need on keys with this prefix. The error tells what was refused. Harmless to repeat, and for others at the same
  /// time; leaves one key that ends within a second.
  runtime::Task<StoreResult<void>> load(std::string key_prefix);
  /// The same for who only calls look() and forget(), which need TIME, GET, PTTL and DEL. Leaves no key.
  runtime::Task<StoreResult<void>> load_look(std::string key_prefix);

  // Cancellation leaves the outcome unknown: it may have been counted.
  runtime::Task<StoreResult<std::int64_t>> increment(std::string_view key, std::chrono::milliseconds ttl) override;
  runtime::Task<StoreResult<std::optional<std::int64_t>>> get(std::string_view key) override;
  runtime::Task<StoreResult<Decision>> acquire(std::span<const Charge> charges) override;
  runtime::Task<StoreResult<void>> give_back(std::string_view key, std::int64_t cost,
                                             std::int64_t window_end_ms) override;
  runtime::Task<StoreResult<Decision>> look(std::span<const Charge> charges) override;
  runtime::Task<StoreResult<Decision>> forget(std::span<const Charge> charges) override;

 private:
  runtime::Task<StoreResult<void>> check_scripts(std::string key);
  runtime::Task<StoreResult<Decision>> run_look(std::span<const Charge> charges, std::string_view what);

  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// What a failed command means for a limiter. An error reply is known by its code word, also where Redis 6 wraps it
/// ("ERR Error running script …").
StoreError to_store_error(const storage::RedisError& error);

}  // namespace sallyport::rate_limit
