#pragma once

#include "metrics.hpp"
#include "sallyport/accounts/repository.hpp"
#include "sallyport/accounts/service.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/runtime/task_scope.hpp"

namespace sallyport::auth_service {

/// What happens by itself: rows of expired sessions are removed, and ended sessions are denied once more, so that
/// neither a failed write nor a Redis that lost its memory lets their access tokens live. On one event loop.
class BackgroundJobs final {
 public:
  BackgroundJobs(accounts::AccountService& service, accounts::AccountRepository& repository, runtime::Executor executor,
                 const Clock& clock, log::Logger& logger, const AuthMetrics& metrics, metrics::Shard& shard);

  void start();
  /// Republishes within a second instead of in its turn.
  void republish_soon() noexcept;
  /// Waits for the run at hand, which has a deadline.
  runtime::Task<> stop();

  /// One run each, as the jobs do it.
  runtime::Task<Result<void>> republish();
  runtime::Task<Result<void>> clean();

 private:
  runtime::Task<> keep_republishing();
  runtime::Task<> keep_cleaning();
  runtime::Task<> pause(runtime::Timer& timer, std::chrono::milliseconds time);
  void report(std::string_view job, const Result<void>& result);

  accounts::AccountService& service_;
  accounts::AccountRepository& repository_;
  const Clock& clock_;
  log::Logger& logger_;
  const AuthMetrics& metrics_;
  metrics::Shard& shard_;
  runtime::Timer republish_timer_, clean_timer_;
  runtime::TaskScope running_;
  bool soon_ = false;
  bool stopping_ = false;
};

}  // namespace sallyport::auth_service
