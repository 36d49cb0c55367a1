#include "jobs.hpp"

namespace sallyport::auth_service {

using runtime::Task;

namespace {

constexpr std::chrono::milliseconds kRepublishEvery{10'000};
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
      republishing_({"republish_ended", kRepublishEvery, executor, logger, shard, metrics.job_failures()},
                    [this] { return republish(); }),
      cleaning_({"clean", kCleanEvery, executor, logger, shard, metrics.job_failures()}, [this] { return clean(); }) {}

void BackgroundJobs::start() {
  republishing_.start();
  cleaning_.start();
}

Task<> BackgroundJobs::stop() {
  republishing_.cancel();
  cleaning_.cancel();
  co_await republishing_.join();
  co_await cleaning_.join();
}

Task<Result<void>> BackgroundJobs::republish() {
  auto done = co_await service_.republish_ended(Deadline::after(clock_.now(), kRepublishBudget));
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return Result<void>{};
}

Task<Result<void>> BackgroundJobs::clean() {
  while (!cleaning_.cancelled()) {
    const auto cleaned = co_await repository_.clean(Deadline::after(clock_.now(), kBatchBudget));
    if (!cleaned) co_return std::unexpected(cleaned.error());
    if (!cleaned->more) break;
    co_await cleaning_.pause(kBetweenBatches);
  }
  co_return Result<void>{};
}

}  // namespace sallyport::auth_service
