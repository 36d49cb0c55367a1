#pragma once

#include "sallyport/payments/service.hpp"
#include "sallyport/service/recurring_job.hpp"
#include "shared.hpp"

namespace sallyport::payments_service {

/// What happens by itself: operations whose outcome is unknown are settled, and idempotency keys that are over are
/// removed. On one event loop; processes may run it side by side.
class BackgroundJobs final {
 public:
  /// All outlive it.
  BackgroundJobs(Shared& shared, payments::Reconciler& reconciler, runtime::Executor executor, metrics::Shard& shard);

  void start();
  /// Waits for the run at hand, which has a deadline.
  runtime::Task<> stop();

 private:
  runtime::Task<Result<void>> reconcile();
  runtime::Task<Result<void>> clean();

  Shared& shared_;
  payments::Reconciler& reconciler_;
  metrics::Shard& shard_;
  service::RecurringJob reconciling_, cleaning_;
};

}  // namespace sallyport::payments_service
