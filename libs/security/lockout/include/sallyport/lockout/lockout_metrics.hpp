#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "sallyport/observability/metrics.hpp"
#include "sallyport/storage/redis_client.hpp"

namespace sallyport::lockout {

/// The lockout's series. Made once per process, before the registry's first shard; outlives the registry's last scrape.
/// No label ever holds an account, a device or an address.
class LockoutMetrics final {
 public:
  enum class Try : std::uint8_t { Granted, Locked, Overloaded, StoreFailed };
  enum class Settled : std::uint8_t { Ok, Fail, Abort, LeaseExpired, StoreFailed };

  explicit LockoutMetrics(metrics::Registry& registry);
  LockoutMetrics(const LockoutMetrics&) = delete;
  LockoutMetrics& operator=(const LockoutMetrics&) = delete;

  metrics::CounterId tries(Try outcome) const noexcept { return tries_[static_cast<std::size_t>(outcome)]; }
  metrics::CounterId settled(Settled outcome) const noexcept { return settled_[static_cast<std::size_t>(outcome)]; }
  metrics::CounterId locks() const noexcept { return locks_; }
  /// Steps that this process decided alone because the shared store failed.
  metrics::CounterId local_steps() const noexcept { return local_steps_; }
  metrics::CounterId store_errors(storage::RedisErrorKind kind) const noexcept {
    return store_errors_[static_cast<std::size_t>(kind)];
  }
  /// Event loops whose breaker is not closed; written by each store, read by the scrape.
  std::atomic<std::int32_t>& breakers_open() const noexcept { return breakers_open_; }

 private:
  std::array<metrics::CounterId, 4> tries_{};
  std::array<metrics::CounterId, 5> settled_{};
  metrics::CounterId locks_;
  metrics::CounterId local_steps_;
  std::array<metrics::CounterId, 5> store_errors_{};
  mutable std::atomic<std::int32_t> breakers_open_{0};
};

}  // namespace sallyport::lockout
