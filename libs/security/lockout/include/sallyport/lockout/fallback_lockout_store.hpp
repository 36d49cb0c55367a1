#pragma once

#include "sallyport/core/random.hpp"
#include "sallyport/lockout/lockout_metrics.hpp"
#include "sallyport/lockout/memory_lockout_store.hpp"
#include "sallyport/lockout/store.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/resilience/circuit_breaker.hpp"

namespace sallyport::lockout {

/// The shared store, and this process' own counters while that one fails. One for each event loop; the counters are one
/// for the process.
///
/// Posture: passwords are still limited during an outage, to failures_max a window in each process. A failure is never
/// dropped: what was reserved in the shared store and could not be settled there counts here; and what was counted
/// here is carried into the shared store by the next try of that subject, so that a lock outlives the outage and an
/// unlock can reach it. Where it is unknown whether the shared store counted, both do: the careful side.
/// reserve, settle and status therefore never fail. unlock does, since it must reach everybody.
class FallbackLockoutStore final : public LockoutStore {
 public:
  struct Options {
    resilience::CircuitBreaker::Options breaker{};
  };

  /// All references outlive the store.
  FallbackLockoutStore(LockoutStore& shared, MemoryLockoutStore& local, const Clock& clock, Random& random,
                       log::Logger& logger, const LockoutMetrics& metrics, metrics::Shard& shard, Options options);
  FallbackLockoutStore(LockoutStore& shared, MemoryLockoutStore& local, const Clock& clock, Random& random,
                       log::Logger& logger, const LockoutMetrics& metrics, metrics::Shard& shard)
      : FallbackLockoutStore(shared, local, clock, random, logger, metrics, shard, Options{}) {}
  ~FallbackLockoutStore() override;
  FallbackLockoutStore(const FallbackLockoutStore&) = delete;
  FallbackLockoutStore& operator=(const FallbackLockoutStore&) = delete;

  // Cancellation leaves the outcome unknown; no failure gets lost by it.
  runtime::Task<StoreResult<TryReply>> reserve(const Subject& subject, Carried carried) override;
  runtime::Task<StoreResult<SettleReply>> settle(const Subject& subject, const Lease& lease, Outcome outcome) override;
  runtime::Task<StoreResult<std::uint32_t>> unlock(std::string_view account_id) override;
  /// The shared store's view; this process' own when that one fails.
  runtime::Task<StoreResult<Status>> status(std::string_view account_id) override;

  resilience::CircuitBreaker::State breaker_state() const noexcept { return breaker_.state(); }

 private:
  class Call;
  SettleReply settle_here(const Subject& subject, const Lease& lease, Outcome outcome);

  LockoutStore& shared_;
  MemoryLockoutStore& local_;
  const Clock& clock_;
  Random& random_;
  log::Logger& logger_;
  const LockoutMetrics& metrics_;
  metrics::Shard& shard_;
  resilience::CircuitBreaker breaker_;
  bool failing_ = false;  ///< the last call failed: its begin and its end are logged, not every step
};

}  // namespace sallyport::lockout
