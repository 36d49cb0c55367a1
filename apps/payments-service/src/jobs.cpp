#include "jobs.hpp"

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
      reconciling_({"reconcile", shared.options.config.reconcile_every, executor, shared.logger, shard,
                    shared.metrics.job_failures()},
                   [this] { return reconcile(); }),
      cleaning_({"clean", kCleanEvery, executor, shared.logger, shard, shared.metrics.job_failures()},
                [this] { return clean(); }) {}

void BackgroundJobs::start() {
  reconciling_.start();
  cleaning_.start();
}

Task<> BackgroundJobs::stop() {
  reconciling_.cancel();
  cleaning_.cancel();
  co_await reconciling_.join();
  co_await cleaning_.join();
}

Task<Result<void>> BackgroundJobs::reconcile() {
  while (!reconciling_.cancelled()) {
    auto done = co_await reconciler_.run_once(Deadline::after(shared_.clock.now(), kReconcileBudget));
    if (!done) co_return std::unexpected(std::move(done.error()));
    shard_.add(shared_.metrics.asked(), done->asked);
    shard_.add(shared_.metrics.settled(), done->settled);
    if (!done->more) break;
    co_await reconciling_.pause(kBetweenBatches);
  }
  co_return Result<void>{};
}

Task<Result<void>> BackgroundJobs::clean() {
  while (!cleaning_.cancelled()) {
    auto removed = co_await shared_.repository.clean(Deadline::after(shared_.clock.now(), kBatchBudget));
    if (!removed) co_return std::unexpected(std::move(removed.error()));
    if (*removed == 0) break;
    co_await cleaning_.pause(kBetweenBatches);
  }
  co_return Result<void>{};
}

}  // namespace sallyport::payments_service
