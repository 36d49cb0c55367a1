#pragma once

#include "metrics.hpp"
#include "sallyport/accounts/repository.hpp"
#include "sallyport/accounts/service.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/service/recurring_job.hpp"

namespace sallyport::auth_service {

/// What happens by itself: rows of expired sessions are removed, and ended sessions are denied once more, so that
/// neither a failed write nor a Redis that lost its memory lets their access tokens live. On one event loop.
class BackgroundJobs final {
 public:
  BackgroundJobs(accounts::AccountService& service, accounts::AccountRepository& repository, runtime::Executor executor,
                 const Clock& clock, log::Logger& logger, const AuthMetrics& metrics, metrics::Shard& shard);

  void start();
  /// Republishes within a second instead of in its turn.
  void republish_soon() noexcept { republishing_.run_soon(); }
  /// Waits for the run at hand, which has a deadline.
  runtime::Task<> stop();

  /// One run each, as the jobs do it.
  runtime::Task<Result<void>> republish();
  runtime::Task<Result<void>> clean();

 private:
  accounts::AccountService& service_;
  accounts::AccountRepository& repository_;
  const Clock& clock_;
  service::RecurringJob republishing_, cleaning_;
};

}  // namespace sallyport::auth_service
