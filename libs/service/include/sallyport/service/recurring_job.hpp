#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "sallyport/core/error.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/runtime/task_scope.hpp"

namespace sallyport::service {

/// Something that a service does by itself, again and again, on one event loop. A run that fails or throws is counted
/// and logged (job_run_failed), and the next one comes in its turn.
class RecurringJob final {
 public:
  struct Parts {  ///< what it refers to outlives it
    std::string_view name;
    std::chrono::milliseconds every;  ///< from the end of a run to the next
    runtime::Executor executor;
    log::Logger& logger;
    metrics::Shard& shard;
    metrics::CounterId failures;
  };
  using Run = std::function<runtime::Task<Result<void>>()>;
  RecurringJob(Parts parts, Run run);

  void start();
  /// The next run begins within a second; many calls make one run.
  void run_soon() noexcept;
  /// No further run, and pauses end at once; the run at hand goes on.
  void cancel() noexcept;
  bool cancelled() const noexcept { return cancelled_; }
  /// Waits for the run at hand. After cancel().
  runtime::Task<> join() { return scope_.join(); }

  /// For the run itself, between its batches.
  runtime::Task<> pause(std::chrono::milliseconds time);

 private:
  runtime::Task<> keep_running();
  runtime::Task<Result<void>> run_once();

  Parts parts_;
  Run run_;
  runtime::Timer timer_;
  runtime::TaskScope scope_;
  bool soon_ = false;
  bool cancelled_ = false;
};

}  // namespace sallyport::service
