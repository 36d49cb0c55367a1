#include "sallyport/testing/run_task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "sallyport/testing/fake_clock.hpp"

namespace sallyport::testing {
namespace {

runtime::Task<std::unique_ptr<int>> waits_and_returns(runtime::Executor executor, int value) {
  runtime::Timer timer(executor, std::chrono::milliseconds(1));
  co_await timer.async_wait(runtime::use_task);
  co_return std::make_unique<int>(value);
}
TEST(RunTask, ReturnsTheValue) {
  EXPECT_EQ(*run_task(waits_and_returns, 7), 7);
}

runtime::Task<> throws(runtime::Executor, const std::string& message) {
  throw std::runtime_error(message);
  co_return;
}
TEST(RunTask, LetsWhatIsThrownOut) {
  EXPECT_THROW(run_task(throws, std::string("x")), std::runtime_error);
}

TEST(FakeClock, MovesBothTimesOnlyWhenTold) {
  FakeClock clock;
  const SteadyTime steady = clock.now();
  const WallTime wall = clock.wall_now();
  EXPECT_EQ(clock.now(), steady);
  clock.advance(std::chrono::milliseconds(1500));
  EXPECT_EQ(clock.now() - steady, std::chrono::milliseconds(1500));
  EXPECT_EQ(clock.wall_now() - wall, std::chrono::milliseconds(1500));
}

}  // namespace
}  // namespace sallyport::testing
