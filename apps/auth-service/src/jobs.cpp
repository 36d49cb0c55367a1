#include "jobs.hpp"

#include "sallyport/service/guarded.hpp"

namespace sallyport::auth_service {

using runtime::Task;

namespace {

constexpr std::chrono::milliseconds kRepublishEvery{10'000};
constexpr std::chrono::milliseconds kRepublishSoon{500};
constexpr std::chrono::milliseconds kRepublishBudget{8'000};
constexpr std::chrono::milliseconds kCleanEvery{60'000};
constexpr std::chrono::milliseconds kBetweenBatches{20};  ///< requests come first
constexpr std::chrono::milliseconds kBatchBudget{2'000};

}  // namespace

BackgroundJobs::BackgroundJobs(accounts::AccountService& service, accounts::AccountRepository& repository,
                               runtime::Executor executor, const Clock& clock, log::Logger& logger,
                               const AuthMetrics& metrics, metrics::Shard& shard)
    : service_(service),
      repository_(repository),
      clock_(clock),
      logger_(logger),
      metrics_(metrics),
      shard_(shard),
      republish_timer_(executor),
      clean_timer_(executor),
      running_(executor, 2,
               [&logger](const std::exception_ptr&) { logger.write(log::Level::Critical, "job_failed"); }) {}

void BackgroundJobs::start() {
  running_.spawn(keep_republishing());
  running_.spawn(keep_cleaning());
}

void BackgroundJobs::republish_soon() noexcept {
  soon_ = true;
  republish_timer_.cancel();
}

Task<> BackgroundJobs::stop() {
  stopping_ = true;
  republish_timer_.cancel();
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
  shard_.add(metrics_.job_failures());
  logger_.write(log::Level::Warn, "job_run_failed",
                {{"job", job}, {"detail", std::string_view(result.error().detail)}});
}

Task<Result<void>> BackgroundJobs::republish() {
  auto done = co_await service_.republish_ended(Deadline::after(clock_.now(), kRepublishBudget));
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return Result<void>{};
}

Task<Result<void>> BackgroundJobs::clean() {
  while (!stopping_) {
    const auto cleaned = co_await repository_.clean(Deadline::after(clock_.now(), kBatchBudget));
    if (!cleaned) co_return std::unexpected(cleaned.error());
    if (!cleaned->more) break;
    co_await pause(clean_timer_, kBetweenBatches);
  }
  co_return Result<void>{};
}

Task<> BackgroundJobs::keep_republishing() {
  while (!stopping_) {
    if (!std::exchange(soon_, false)) co_await pause(republish_timer_, kRepublishEvery);
    // Asked for while it waited: a moment later, so that many requests make one run.
    if (std::exchange(soon_, false)) co_await pause(republish_timer_, kRepublishSoon);
    if (stopping_) break;
    report("republish_ended", co_await service::guarded(republish()));
  }
}

Task<> BackgroundJobs::keep_cleaning() {
  while (!stopping_) {
    co_await pause(clean_timer_, kCleanEvery);
    if (stopping_) break;
    report("clean", co_await service::guarded(clean()));
  }
}

}  // namespace sallyport::auth_service
