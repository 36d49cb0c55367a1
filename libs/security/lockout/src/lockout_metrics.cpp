#include "sallyport/lockout/lockout_metrics.hpp"

#include <string>

namespace sallyport::lockout {
namespace {

template <std::size_t N>
std::array<metrics::CounterId, N> family(metrics::Registry& registry, const char* name, const char* help,
                                         const char* label, const std::array<const char*, N>& values) {
  std::array<metrics::CounterId, N> ids{};
  for (std::size_t i = 0; i < N; ++i) ids[i] = registry.counter(name, help, {{label, values[i]}});
  return ids;
}

}  // namespace

LockoutMetrics::LockoutMetrics(metrics::Registry& registry) {
  tries_ = family<4>(registry, "lockout_tries_total", "What became of tries to have a password verified.", "outcome",
                     {"granted", "locked", "overloaded", "store_failed"});
  settled_ = family<5>(registry, "lockout_settled_total", "How tries ended.", "outcome",
                       {"ok", "fail", "abort", "lease_expired", "store_failed"});
  locks_ = registry.counter("lockout_locks_total", "Accounts, devices and sessions that were locked.");
  local_steps_ = registry.counter("lockout_local_steps_total",
                                  "Steps decided by this process alone because the shared store failed.");
  store_errors_ = family<5>(registry, "lockout_store_errors_total", "Failed calls of the lockout's shared store.",
                            "kind", {"not_sent", "timeout", "disconnect", "protocol", "reply"});
  registry.gauge("lockout_breaker_open", "Event loops whose breaker towards the lockout's shared store is not closed.",
                 {}, [this] { return static_cast<double>(breakers_open_.load(std::memory_order_relaxed)); });
}

}  // namespace sallyport::lockout
