#include "sallyport/service/recurring_job.hpp"

#include <exception>
#include <utility>

namespace sallyport::service {

using runtime::Task;

namespace {

constexpr std::chrono::milliseconds kSoon{500};

}  // namespace

RecurringJob::RecurringJob(Parts parts, Run run)
    : parts_(parts),
      run_(std::move(run)),
      timer_(parts.executor),
      scope_(parts.executor, 1, [&logger = parts.logger](const std::exception_ptr&) {
        logger.write(log::Level::Critical, "job_failed");
      }) {}

void RecurringJob::start() {
  scope_.spawn(keep_running());
}

void RecurringJob::run_soon() noexcept {
  soon_ = true;
  timer_.cancel();
}

void RecurringJob::cancel() noexcept {
  cancelled_ = true;
  timer_.cancel();
}

Task<> RecurringJob::pause(std::chrono::milliseconds time) {
  if (cancelled_) co_return;
  ErrorCodeSys ignored;
  timer_.expires_after(time);
  co_await timer_.async_wait(runtime::into(ignored));
}

Task<> RecurringJob::keep_running() {
  while (!cancelled_) {
    if (!std::exchange(soon_, false)) co_await pause(parts_.every);
    // Asked for while it waited: a moment later, so that many requests make one run.
    if (std::exchange(soon_, false)) co_await pause(kSoon);
    if (cancelled_) break;
    const auto done = co_await run_once();
    if (done) continue;
    parts_.shard.add(parts_.failures);
    parts_.logger.write(log::Level::Warn, "job_run_failed",
                        {{"job", parts_.name}, {"detail", std::string_view(done.error().detail)}});
  }
}

Task<Result<void>> RecurringJob::run_once() {
  try {
    co_return co_await run_();
  } catch (const std::exception& thrown) {
    co_return fail(ErrorCode::InternalError, thrown.what());
  }
}

}  // namespace sallyport::service
