#include "sallyport/rate_limit/limiter_metrics.hpp"

namespace sallyport::rate_limit {
namespace {

constexpr std::array<const char*, LimiterMetrics::kOutcomes> kOutcomeNames = {
    "allowed",       "denied",       "would_deny",  "candidate_would_deny",
    "local_allowed", "local_denied", "failed_open", "unavailable"};
constexpr std::array<const char*, 9> kErrorNames = {"not_sent", "timeout",       "disconnect", "protocol", "readonly",
                                                    "loading",  "out_of_memory", "wrong_type", "other"};

LimiterMetrics::PolicyCounters register_policy(metrics::Registry& registry, const std::string& name) {
  LimiterMetrics::PolicyCounters ids{};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = registry.counter("ratelimit_decisions_total", "What became of each rate-limit policy in each decision.",
                              {{"policy", name}, {"outcome", kOutcomeNames[i]}});
  }
  return ids;
}

}  // namespace

LimiterMetrics::LimiterMetrics(metrics::Registry& registry, std::span<const Policy> policies) {
  static_assert(kErrorNames.size() == kErrorKinds);
  for (const Policy& policy : policies) policies_.emplace(policy.name, register_policy(registry, policy.name));
  // A policy may itself be called "other"; it then shares the series.
  const auto found = policies_.find("other");
  other_ = found != policies_.end() ? found->second : register_policy(registry, "other");
  for (std::size_t i = 0; i < kErrorKinds; ++i) {
    store_errors_[i] = registry.counter("ratelimit_store_errors_total", "Failed calls of the rate-limit store.",
                                        {{"kind", kErrorNames[i]}});
  }
  store_seconds_ = registry.histogram("ratelimit_store_seconds", "Time of one call of the rate-limit store.",
                                      {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1});
  blocked_hits_ = registry.counter("ratelimit_blocked_cache_hits_total", "Requests refused without asking the store.");
  registry.gauge("ratelimit_breaker_open", "Event loops whose breaker towards the rate-limit store is not closed.", {},
                 [this] { return static_cast<double>(breakers_open_.load(std::memory_order_relaxed)); });
}

const LimiterMetrics::PolicyCounters& LimiterMetrics::of(std::string_view policy) const noexcept {
  const auto found = policies_.find(policy);
  return found != policies_.end() ? found->second : other_;
}

}  // namespace sallyport::rate_limit
