#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/ip_address.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/rate_limit/blocked_cache.hpp"
#include "sallyport/rate_limit/limit_plan.hpp"
#include "sallyport/rate_limit/limiter_metrics.hpp"
#include "sallyport/rate_limit/memory_store.hpp"
#include "sallyport/rate_limit/store.hpp"
#include "sallyport/rate_limit/verdict.hpp"
#include "sallyport/resilience/circuit_breaker.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::rate_limit {

/// Access to a request's header fields without copying them.
class HeaderLookup {
 public:
  virtual ~HeaderLookup() = default;
  /// lower_name: in lower case. nullopt when the field is absent.
  virtual std::optional<std::string_view> find(std::string_view lower_name) const = 0;
};

/// Who asks. Lives as long as the call that it is given to.
struct Caller {
  IpAddress address;                      ///< the client's whole address; the limiter masks IPv6 itself
  const HeaderLookup* headers = nullptr;  ///< may be null when no policy of the plan keys on a header
  /// Who has signed in, proved; only the pair names somebody. Empty: nobody, who counts with the address.
  std::string_view issuer = {}, subject = {};
};

/// Decides requests: asks the store, remembers who is blocked, and applies each policy's on_store_error when the store
/// fails. One for each event loop; not thread-safe. All references outlive it.
class Limiter final {
 public:
  struct Options {
    std::size_t blocked_max = 4096;  ///< keys remembered as blocked
    resilience::CircuitBreaker::Options breaker{};
  };

  /// store: shared counts; local: this process' own, for on_store_error: local.
  Limiter(RateLimitStore& store, MemoryStore& local, const Clock& clock, Random& random, log::Logger& logger,
          const LimiterMetrics& metrics, metrics::Shard& shard, Options options);
  ~Limiter();
  Limiter(const Limiter&) = delete;
  Limiter& operator=(const Limiter&) = delete;

  /// An answer that needs no store: nothing of the plan applies to the caller, or it is known to be blocked.
  std::optional<Verdict> try_without_store(const LimitPlan& plan, const Caller& caller);

  /// Charges every policy of the plan, one identity after the other: the address, then headers, the user, the route.
  /// Each identity is all or none; what an earlier one was charged stays charged when a later one refuses. Waits at
  /// most one store deadline for a store that does not answer, and not at all while the breaker is open. verdict: new,
  /// made from the same plan; it is filled in place, since a coroutine frame that holds one is too large to be
  /// recycled. All three live until it ends. Cancellation leaves unknown: the request may have been counted.
  runtime::Task<> decide(const LimitPlan& plan, const Caller& caller, Verdict& verdict);

  /// For count: failures. status: what the client was answered, also when we refused it ourselves. Gives the charges
  /// back unless it is a 4xx other than 423 and 429. Who never calls it (the client hung up) leaves them charged.
  runtime::Task<> settle(Verdict& verdict, int status);

  /// For a changed configuration.
  void forget_blocked() noexcept { blocked_.clear(); }
  resilience::CircuitBreaker::State breaker_state() const noexcept { return breaker_.state(); }

 private:
  struct Step;
  struct Scratch;
  class ScratchLease;
  class StoreCall;

  std::uint8_t collect(const LimitPlan& plan, const Caller& caller, Scratch& scratch);
  void add_group(const LimitPlan& plan, const LimitPlan::Group& group, std::string_view identity, std::uint8_t exempt,
                 Scratch& scratch);
  std::string_view key_identity(const LimitPlan& plan, const LimitPlan::Group& group, const Caller& caller,
                                std::string_view header);

  void merge(Verdict& verdict, const Step& step, const Decision& decision, SteadyTime sent);
  void merge_local(Verdict& verdict, const Step& step, const Decision& decision);
  void add_entry(Verdict& verdict, const Step& step, std::size_t i, const Usage& usage);
  void reserve(Verdict& verdict, const Charge& charge, const Usage& usage, bool local);
  void without_store(Verdict& verdict, const Step& step, SteadyTime now);
  void count(const Bucket& bucket, LimiterMetrics::Outcome outcome) noexcept;
  void count_charged(const Bucket& bucket, const Charge& charge, const Usage& usage, bool allowed) noexcept;

  RateLimitStore& store_;
  MemoryStore& local_;
  const Clock& clock_;
  Random& random_;
  log::Logger& logger_;
  const LimiterMetrics& metrics_;
  metrics::Shard& shard_;
  resilience::CircuitBreaker breaker_;
  BlockedCache blocked_;
  std::string identity_;                             ///< reused; valid until the next identity is made
  std::vector<std::unique_ptr<Scratch>> scratches_;  ///< spare ones
};

}  // namespace sallyport::rate_limit
