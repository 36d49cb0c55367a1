#include "jobs.hpp"

#include "sallyport/service/guarded.hpp"

namespace sallyport::payments_service {

using runtime::Task;

namespace {

constexpr std::chrono::milliseconds kReconcileBudget{10'000};  // below the quiet time of what a run takes
constexpr std::chrono::milliseconds kCleanEvery{60'000};
constexpr std::chrono::milliseconds kBetweenBatches{20};  // requests come first
constexpr std::chrono::milliseconds kBatchBudget{2'000};

}  // namespace

BackgroundJobs::BackgroundJobs(Shared& shared, payments::Reconciler& reconciler, runtime::Executor executor,
                               metrics::Shard& shard)
    : shared_(shared),
      reconciler_(reconciler),
      shard_(shard),
      reconcile_timer_(executor),
      clean_timer_(executor),
      running_(executor, 2, [&logger = shared.logger](const std::exception_ptr&) {
        logger.write(log::Level::Critical, "job_failed");
      }) {}

void BackgroundJobs::start() {
  running_.spawn(keep_reconciling());
  running_.spawn(keep_cleaning());
}

Task<> BackgroundJobs::stop() {
  stopping_ = true;
  reconcile_timer_.cancel();
  clean_timer_.cancel();
  co_await running_.join();
}

Task<> BackgroundJobs::pause(runtime::Timer& timer, std::chrono::milliseconds time) {
  if (stopping_) co_return;
  ErrorCodeSys ignored;
  timer.expires_after(time);
  co_await timer.async_wait(runtime::into(ignored));
}

void BackgroundJobs::report(std::string_view job, const Result<void>& result) {
  if (result) return;
  shard_.add(shared_.metrics.job_failures());
  shared_.logger.write(log::Level::Warn, "job_run_failed",
                       {{"job", job}, {"detail", std::string_view(result.error().detail)}});
}

Task<Result<void>> BackgroundJobs::reconcile() {
  while (!stopping_) {
    auto done = co_await reconciler_.run_once(Deadline::after(shared_.clock.now(), kReconcileBudget));
    if (!done) co_return std::unexpected(std::move(done.error()));
    shard_.add(shared_.metrics.asked(), done->asked);
    shard_.add(shared_.metrics.settled(), done->settled);
    if (!done->more) break;
    co_await pause(reconcile_timer_, kBetweenBatches);
  }
  co_return Result<void>{};
}

Task<Result<void>> BackgroundJobs::clean() {
  while (!stopping_) {
    auto removed = co_await shared_.repository.clean(Deadline::after(shared_.clock.now(), kBatchBudget));
    if (!removed) co_return std::unexpected(std::move(removed.error()));
    if (*removed == 0) break;
    co_await pause(clean_timer_, kBetweenBatches);
  }
  co_return Result<void>{};
}

Task<> BackgroundJobs::keep_reconciling() {
  while (!stopping_) {
    co_await pause(reconcile_timer_, shared_.options.config.reconcile_every);
    if (!stopping_) report("reconcile", co_await service::guarded(reconcile()));
  }
}

Task<> BackgroundJobs::keep_cleaning() {
  while (!stopping_) {
    co_await pause(clean_timer_, kCleanEvery);
    if (!stopping_) report("clean", co_await service::guarded(clean()));
  }
}

}  // namespace sallyport::payments_service
