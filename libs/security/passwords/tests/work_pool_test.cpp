#include "work_pool.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "sallyport/testing/run_task.hpp"

namespace sallyport::passwords {
namespace {

using Outcome = WorkPool::Outcome;
using namespace std::chrono_literals;

/// A pool of one thread that a test can hold up.
class OneThread : public ::testing::Test {
 protected:
  void SetUp() override { pool_.emplace(1U, 2U, clock_); }
  void TearDown() override {
    release();
    if (pool_) pool_->stop();
  }

  Deadline in(std::chrono::nanoseconds wait) const { return Deadline::after(clock_.now(), wait); }

  /// Starts work and lets it go on for ever, or until release().
  void occupy(asio::io_context& loop) {
    std::promise<void> started;
    spawn(loop, [this, &started] {
      started.set_value();
      gate_.get_future().wait();
    });
    loop.poll();
    started.get_future().wait();
  }
  void release() {
    if (!released_) gate_.set_value();
    released_ = true;
  }

  /// Where the outcome of spawned work will stand; it outlives the loop.
  std::shared_ptr<std::optional<Outcome>> spawn(asio::io_context& loop, std::move_only_function<void()> work,
                                                std::chrono::nanoseconds wait = 30s,
                                                asio::cancellation_slot slot = {}) {
    auto outcome = std::make_shared<std::optional<Outcome>>();
    asio::co_spawn(loop, pool_->run(std::move(work), in(wait)),
                   asio::bind_cancellation_slot(slot, [outcome](std::exception_ptr failure, Outcome result) {
                     EXPECT_FALSE(failure);
                     *outcome = result;
                   }));
    return outcome;
  }

  SystemClock clock_;
  std::promise<void> gate_;
  bool released_ = false;
  std::optional<WorkPool> pool_;
};

TEST_F(OneThread, RunsWorkOffTheLoopAndComesBackToIt) {
  asio::io_context loop(1);
  std::thread::id worked_on;
  const auto outcome = spawn(loop, [&] { worked_on = std::this_thread::get_id(); });
  loop.run();
  EXPECT_EQ(*outcome, Outcome::Ran);
  EXPECT_NE(worked_on, std::thread::id());
  EXPECT_NE(worked_on, std::this_thread::get_id());
}

TEST_F(OneThread, RefusesOnePastTheQueue) {
  asio::io_context loop(1);
  occupy(loop);
  std::atomic<int> ran = 0;
  const auto first = spawn(loop, [&] { ++ran; });
  const auto second = spawn(loop, [&] { ++ran; });
  const auto third = spawn(loop, [&] { ++ran; });
  loop.poll();
  EXPECT_EQ(pool_->queued(), 2U);
  EXPECT_EQ(*third, Outcome::Full);
  EXPECT_FALSE(first->has_value());
  release();
  loop.run();
  EXPECT_EQ(*first, Outcome::Ran);
  EXPECT_EQ(*second, Outcome::Ran);
  EXPECT_EQ(ran, 2);
}

TEST_F(OneThread, GivesUpAtTheDeadlineAndFreesThePlace) {
  asio::io_context loop(1);
  occupy(loop);
  bool ran = false;
  const auto late = spawn(loop, [&] { ran = true; }, 20ms);
  while (!late->has_value()) loop.run_one();
  EXPECT_EQ(*late, Outcome::Late);
  EXPECT_EQ(pool_->queued(), 0U);
  release();
  loop.run();
  EXPECT_FALSE(ran);
}

TEST_F(OneThread, RefusesWhatIsLateFromTheBeginning) {
  asio::io_context loop(1);
  const auto late = spawn(loop, [] { ADD_FAILURE(); }, -1ns);
  loop.run();
  EXPECT_EQ(*late, Outcome::Late);
}

TEST_F(OneThread, DoesNotStartWorkWhoseDeadlinePassedWhileTheLoopWasBusy) {
  asio::io_context loop(1);
  occupy(loop);
  const auto late = spawn(loop, [] { ADD_FAILURE(); }, 1ms);
  loop.poll();
  const auto passed = in(2ms);
  while (!passed.expired(clock_.now())) std::this_thread::yield();
  release();  // the worker is free, the loop has not run since
  while (pool_->queued() != 0) std::this_thread::yield();
  loop.run();
  EXPECT_EQ(*late, Outcome::Late);
}

TEST_F(OneThread, WaitsForStartedWorkBeyondItsDeadline) {
  asio::io_context loop(1);
  std::promise<void> started;
  const auto outcome = spawn(
      loop,
      [&] {
        started.set_value();
        gate_.get_future().wait();
      },
      20ms);
  loop.poll();
  started.get_future().wait();
  EXPECT_GE(loop.run_one(), 1U) << "the deadline passes";
  EXPECT_FALSE(outcome->has_value());
  release();
  loop.run();
  EXPECT_EQ(*outcome, Outcome::Ran);
}

TEST_F(OneThread, TakesCancelledWorkOffTheQueueAndForgetsIt) {
  asio::io_context loop(1);
  occupy(loop);
  asio::cancellation_signal cancel;
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  const auto outcome = spawn(loop, [held = std::move(held)] { ADD_FAILURE() << *held; }, 30s, cancel.slot());
  loop.poll();
  ASSERT_EQ(pool_->queued(), 1U);
  cancel.emit(asio::cancellation_type::terminal);
  loop.poll();
  EXPECT_EQ(*outcome, Outcome::Cancelled);
  EXPECT_EQ(pool_->queued(), 0U);
  EXPECT_TRUE(watched.expired());
  release();
  loop.run();
}

TEST_F(OneThread, LeavesNothingBehindWhenRunningWorkIsCancelled) {
  asio::io_context loop(1);
  asio::cancellation_signal cancel;
  std::promise<void> started;
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  const auto outcome = spawn(
      loop,
      [this, &started, held = std::move(held)] {
        started.set_value();
        gate_.get_future().wait();
      },
      30s, cancel.slot());
  loop.poll();
  started.get_future().wait();
  cancel.emit(asio::cancellation_type::terminal);
  loop.run();  // has nothing to wait for any more
  EXPECT_EQ(*outcome, Outcome::Cancelled);
  EXPECT_FALSE(watched.expired()) << "the work still runs";
  release();
  pool_->stop();
  EXPECT_TRUE(watched.expired());
}

TEST_F(OneThread, OutlivesALoopThatGoesAwayWithItsCoroutines) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> watched = held;
  {
    asio::io_context loop(1);
    occupy(loop);
    spawn(loop, [held = std::move(held)] { ADD_FAILURE() << *held; });
    loop.poll();
    ASSERT_EQ(pool_->queued(), 1U);
  }
  EXPECT_EQ(pool_->queued(), 0U);
  EXPECT_TRUE(watched.expired());
  release();
}

TEST_F(OneThread, EndsWhatIsQueuedWhenItStops) {
  asio::io_context loop(1);
  occupy(loop);
  const auto queued = spawn(loop, [] { ADD_FAILURE(); });
  loop.poll();
  std::jthread stopper([this] { pool_->stop(); });
  while (!queued->has_value()) loop.run_one();
  EXPECT_EQ(*queued, Outcome::Stopped);
  release();
  stopper.join();
  const auto after = spawn(loop, [] { ADD_FAILURE(); });
  loop.run();
  EXPECT_EQ(*after, Outcome::Stopped);
}

TEST(WorkPool, ServesManyLoopsAtOnce) {
  const SystemClock clock;
  WorkPool pool(3, 1000, clock);
  constexpr int kLoops = 4;
  constexpr int kEach = 200;
  std::atomic<int> worked = 0;
  std::atomic<int> ran = 0;
  std::atomic<int> other = 0;
  std::vector<std::jthread> loops;
  for (int i = 0; i < kLoops; ++i) {
    loops.emplace_back([&] {
      asio::io_context loop(1);
      for (int n = 0; n < kEach; ++n) {
        // Some give up at about the time at which their work starts.
        const auto wait = n % 4 == 0 ? std::chrono::nanoseconds(20us * n) : std::chrono::nanoseconds(30s);
        asio::co_spawn(loop, pool.run([&] { ++worked; }, Deadline::after(clock.now(), wait)),
                       [&](std::exception_ptr, Outcome outcome) { ++(outcome == Outcome::Ran ? ran : other); });
      }
      loop.run();
    });
  }
  loops.clear();
  pool.stop();
  EXPECT_EQ(worked, ran);
  EXPECT_EQ(ran + other, kLoops * kEach);
  EXPECT_GE(ran, kLoops * kEach * 3 / 4);
}

}  // namespace
}  // namespace sallyport::passwords
