#include "sallyport/service/recurring_job.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "sallyport/testing/run_task.hpp"

namespace sallyport::service {
namespace {

using runtime::Task;

struct RecurringJobTest : ::testing::Test {
  Task<Result<void>> run() {
    if (++runs_ == 1) throw std::runtime_error("out of order");
    if (runs_ == 2) co_return fail(ErrorCode::ServiceUnavailable, "away");
    job_.cancel();
    co_return Result<void>{};
  }
  Task<> keep() {
    job_.start();
    co_await job_.join();
  }
  Task<> keep_until_cancelled() {
    job_.start();
    job_.cancel();
    co_await job_.join();
  }
  void run_to_the_end(Task<> (RecurringJobTest::*what)()) {
    testing::run_task_on(loop_, [&](runtime::Executor) { return (this->*what)(); });
  }

  asio::io_context loop_{1};
  log::Logger logger_{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  metrics::Registry registry_;
  metrics::CounterId failures_ = registry_.counter("failures_total", "Failures.");
  metrics::Shard& shard_ = registry_.make_shard();
  int runs_ = 0;
  RecurringJob job_{{"job", std::chrono::milliseconds(1), loop_.get_executor(), logger_, shard_, failures_},
                    [this] { return run(); }};
};

TEST_F(RecurringJobTest, OutlivesARunThatThrowsAndOneThatFails) {
  run_to_the_end(&RecurringJobTest::keep);
  EXPECT_EQ(runs_, 3);
  EXPECT_EQ(registry_.total(failures_), 2U);
}

TEST_F(RecurringJobTest, RunsNoMoreOnceItIsCancelled) {
  run_to_the_end(&RecurringJobTest::keep_until_cancelled);
  EXPECT_EQ(runs_, 0);
}

}  // namespace
}  // namespace sallyport::service
