#pragma once

#include <chrono>
#include <string_view>

#include "sallyport/payments/service.hpp"
#include "sallyport/runtime/task_scope.hpp"
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
  runtime::Task<> keep_reconciling();
  runtime::Task<> keep_cleaning();
  runtime::Task<Result<void>> reconcile();
  runtime::Task<Result<void>> clean();
  runtime::Task<> pause(runtime::Timer& timer, std::chrono::milliseconds time);
  void report(std::string_view job, const Result<void>& result);

  Shared& shared_;
  payments::Reconciler& reconciler_;
  metrics::Shard& shard_;
  runtime::Timer reconcile_timer_, clean_timer_;
  runtime::TaskScope running_;
  bool stopping_ = false;
};

}  // namespace sallyport::payments_service
