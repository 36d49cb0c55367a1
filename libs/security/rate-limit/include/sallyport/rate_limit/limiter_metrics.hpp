#pragma once

#include <array>
#include <atomic>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/observability/metrics.hpp"
#include "sallyport/rate_limit/policy.hpp"
#include "sallyport/rate_limit/store.hpp"

namespace sallyport::rate_limit {

/// The limiters' series. Made once per process, before the registry's first shard; outlives the registry's last scrape.
/// Labels hold names from the configuration only, never an address or a key.
class LimiterMetrics final {
 public:
  /// What became of a policy in one decision.
  enum class Outcome : std::uint8_t {
    Allowed,
    Denied,
    WouldDeny,           ///< a shadow policy had no room
    CandidateWouldDeny,  ///< above shadow_limit
    LocalAllowed,        ///< decided in process, because the store failed
    LocalDenied,
    FailedOpen,   ///< not limited at all, because the store failed
    Unavailable,  ///< refused with 503, because the store failed
  };
  static constexpr std::size_t kOutcomes = 8;
  using PolicyCounters = std::array<metrics::CounterId, kOutcomes>;

  LimiterMetrics(metrics::Registry& registry, std::span<const Policy> policies);
  LimiterMetrics(const LimiterMetrics&) = delete;
  LimiterMetrics& operator=(const LimiterMetrics&) = delete;

  /// A policy that a reload brought in counts under the name "other": series cannot be added later.
  const PolicyCounters& of(std::string_view policy) const noexcept;

  metrics::CounterId store_errors(StoreErrorKind kind) const noexcept {
    return store_errors_[static_cast<std::size_t>(kind)];
  }
  metrics::HistogramId store_seconds() const noexcept { return store_seconds_; }
  metrics::CounterId blocked_hits() const noexcept { return blocked_hits_; }
  /// Limiters whose breaker is not closed; written by each limiter, read by the scrape.
  std::atomic<std::int32_t>& breakers_open() const noexcept { return breakers_open_; }

 private:
  static constexpr std::size_t kErrorKinds = static_cast<std::size_t>(StoreErrorKind::Other) + 1;

  std::map<std::string, PolicyCounters, std::less<>> policies_;
  PolicyCounters other_{};
  std::array<metrics::CounterId, kErrorKinds> store_errors_{};
  metrics::HistogramId store_seconds_;
  metrics::CounterId blocked_hits_;
  mutable std::atomic<std::int32_t> breakers_open_{0};
};

}  // namespace sallyport::rate_limit
