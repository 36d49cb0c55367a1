#pragma once

#include <array>

#include "http/routes.hpp"
#include "sallyport/observability/metrics.hpp"

namespace sallyport::auth_service {

/// The service's own series. Made once per process; labels hold patterns of our own only.
class AuthMetrics final {
 public:
  explicit AuthMetrics(metrics::Registry& registry);

  /// route: nullptr for what has none.
  void count(metrics::Shard& shard, const Route* route, int status, double seconds) const;
  metrics::CounterId denylist_failures() const noexcept { return denylist_failures_; }
  metrics::CounterId denylist_unchecked() const noexcept { return denylist_unchecked_; }
  metrics::CounterId audit_failures() const noexcept { return audit_failures_; }
  metrics::CounterId job_failures() const noexcept { return job_failures_; }

 private:
  struct Series {
    std::array<metrics::CounterId, 5> by_class;  ///< 1xx…5xx
    metrics::HistogramId seconds;
  };
  std::array<Series, kRoutes.size() + 1> series_;  ///< the last one: no route
  metrics::CounterId denylist_failures_, denylist_unchecked_, audit_failures_, job_failures_;
};

}  // namespace sallyport::auth_service
