#pragma once

#include "sallyport/observability/metrics.hpp"

namespace sallyport::auth_service {

/// The service's own series beside those of every service. Made once per process.
class AuthMetrics final {
 public:
  explicit AuthMetrics(metrics::Registry& registry)
      : denylist_failures_(
            registry.counter("auth_denylist_failures_total", "Ended sessions that Redis did not take at once.")),
        audit_failures_(
            registry.counter("auth_audit_failures_total", "Audit events of refused logins that were lost.")),
        job_failures_(registry.counter("auth_job_failures_total", "Runs of background jobs that failed.")) {}

  metrics::CounterId denylist_failures() const noexcept { return denylist_failures_; }
  metrics::CounterId audit_failures() const noexcept { return audit_failures_; }
  metrics::CounterId job_failures() const noexcept { return job_failures_; }

 private:
  metrics::CounterId denylist_failures_, audit_failures_, job_failures_;
};

}  // namespace sallyport::auth_service
