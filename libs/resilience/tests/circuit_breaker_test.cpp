#include "sallyport/resilience/circuit_breaker.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace sallyport::resilience {
namespace {

using std::chrono::milliseconds;
using State = CircuitBreaker::State;

/// Half of the range: jitter is nil, to within a rounding.
class MiddleRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override {
    std::memset(out.data(), 0, out.size());
    if (!out.empty()) out.back() = 0x80;
  }
};

class CircuitBreakerTest : public testing::Test {
 protected:
  bool fail_once() {
    const auto permit = breaker_.try_acquire(now_);
    EXPECT_TRUE(permit.has_value());
    return permit && breaker_.failed(*permit, now_, random_);
  }
  void open() {
    for (int i = 0; i < 5; ++i) fail_once();
    ASSERT_EQ(breaker_.state(), State::Open);
  }

  MiddleRandom random_;
  CircuitBreaker breaker_{CircuitBreaker::Options{}};
  SteadyTime now_{std::chrono::hours(1)};
};

TEST_F(CircuitBreakerTest, OpensAtTheFifthFailureInARow) {
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(fail_once());
  EXPECT_EQ(breaker_.state(), State::Closed);
  EXPECT_TRUE(fail_once());
  EXPECT_EQ(breaker_.state(), State::Open);
}

TEST_F(CircuitBreakerTest, SuccessInBetweenStartsTheCountAgain) {
  for (int i = 0; i < 4; ++i) fail_once();
  EXPECT_FALSE(breaker_.succeeded(*breaker_.try_acquire(now_)));
  for (int i = 0; i < 4; ++i) EXPECT_FALSE(fail_once());
  EXPECT_EQ(breaker_.state(), State::Closed);
}

TEST_F(CircuitBreakerTest, OpenRefusesUntilTheLastMillisecond) {
  open();
  EXPECT_EQ(breaker_.open_for(now_), milliseconds(1000));
  now_ += milliseconds(999);
  EXPECT_FALSE(breaker_.try_acquire(now_).has_value());
  EXPECT_EQ(breaker_.open_for(now_), milliseconds(1));
  now_ += milliseconds(1);
  EXPECT_TRUE(breaker_.try_acquire(now_).has_value());
  EXPECT_EQ(breaker_.state(), State::HalfOpen);
  EXPECT_EQ(breaker_.open_for(now_), milliseconds(0));
}

TEST_F(CircuitBreakerTest, HalfOpenLetsOneProbeThrough) {
  open();
  now_ += milliseconds(1000);
  const auto probe = breaker_.try_acquire(now_);
  ASSERT_TRUE(probe.has_value());
  EXPECT_FALSE(breaker_.try_acquire(now_).has_value());
  EXPECT_FALSE(breaker_.try_acquire(now_ + milliseconds(60000)).has_value());
}

TEST_F(CircuitBreakerTest, SuccessfulProbeCloses) {
  open();
  now_ += milliseconds(1000);
  const auto probe = breaker_.try_acquire(now_);
  EXPECT_TRUE(breaker_.succeeded(*probe));
  EXPECT_EQ(breaker_.state(), State::Closed);
  EXPECT_TRUE(breaker_.try_acquire(now_).has_value());
}

TEST_F(CircuitBreakerTest, FailedProbesDoubleTheTimeUpToThirtySeconds) {
  open();
  for (const int seconds : {1, 2, 4, 8, 16, 30, 30}) {
    EXPECT_EQ(breaker_.open_for(now_), milliseconds(seconds * 1000));
    now_ += milliseconds(seconds * 1000 - 1);
    EXPECT_FALSE(breaker_.try_acquire(now_).has_value());
    now_ += milliseconds(1);
    EXPECT_TRUE(fail_once());
  }
}

TEST_F(CircuitBreakerTest, ClosingStartsTheTimesAnew) {
  open();
  now_ += milliseconds(1000);
  fail_once();
  now_ += milliseconds(2000);
  breaker_.succeeded(*breaker_.try_acquire(now_));
  open();
  EXPECT_EQ(breaker_.open_for(now_), milliseconds(1000));
}

TEST_F(CircuitBreakerTest, LateResultsOfAnOlderGenerationAreIgnored) {
  const auto old_success = breaker_.try_acquire(now_);
  const auto old_failure = breaker_.try_acquire(now_);
  open();
  EXPECT_FALSE(breaker_.succeeded(*old_success));
  EXPECT_EQ(breaker_.state(), State::Open);
  now_ += milliseconds(1000);
  const auto probe = breaker_.try_acquire(now_);
  EXPECT_FALSE(breaker_.succeeded(*old_success)) << "an old answer must not pass for the probe's";
  EXPECT_FALSE(breaker_.failed(*old_failure, now_, random_));
  EXPECT_EQ(breaker_.state(), State::HalfOpen);
  EXPECT_TRUE(breaker_.succeeded(*probe));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(breaker_.failed(*old_failure, now_, random_));
  EXPECT_EQ(breaker_.state(), State::Closed);
}

TEST_F(CircuitBreakerTest, AbandonedProbeGoesToTheNextCaller) {
  open();
  now_ += milliseconds(1000);
  const auto probe = breaker_.try_acquire(now_);
  breaker_.abandoned(*probe);
  EXPECT_EQ(breaker_.state(), State::HalfOpen);
  const auto second = breaker_.try_acquire(now_);
  ASSERT_TRUE(second.has_value());
  EXPECT_TRUE(breaker_.succeeded(*second));
}

TEST_F(CircuitBreakerTest, AbandonedCallOfAnOlderGenerationDoesNotFreeTheProbe) {
  const auto old = breaker_.try_acquire(now_);
  open();
  now_ += milliseconds(1000);
  ASSERT_TRUE(breaker_.try_acquire(now_).has_value());
  breaker_.abandoned(*old);
  EXPECT_FALSE(breaker_.try_acquire(now_).has_value());
}

TEST(CircuitBreakerJitter, StaysWithinItsShare) {
  FastRandom random(11);
  SteadyTime now{};
  auto shortest = std::chrono::nanoseconds::max();
  auto longest = std::chrono::nanoseconds::zero();
  for (int i = 0; i < 500; ++i) {
    CircuitBreaker breaker(CircuitBreaker::Options{.failures = 1});
    breaker.failed(*breaker.try_acquire(now), now, random);
    shortest = std::min(shortest, breaker.open_for(now));
    longest = std::max(longest, breaker.open_for(now));
  }
  EXPECT_GE(shortest, milliseconds(800));
  EXPECT_LT(shortest, milliseconds(850));
  EXPECT_GT(longest, milliseconds(1150));
  EXPECT_LE(longest, milliseconds(1200));
}

}  // namespace
}  // namespace sallyport::resilience
