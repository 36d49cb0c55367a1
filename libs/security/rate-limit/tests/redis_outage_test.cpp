// A limiter over a real server that stands still, dies, or comes back.

#include <array>
#include <chrono>

#include "redis_fixture.hpp"
#include "sallyport/rate_limit/limiter.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Outcome = Verdict::Outcome;
using BreakerState = resilience::CircuitBreaker::State;

constexpr milliseconds kDeadline{50};

class RedisOutageTest : public ::testing::Test {
 protected:
  static Policy with(std::string name, OnStoreError rule) {
    Policy policy = test::fixed(std::move(name), 3, minutes(15));
    policy.on_store_error = rule;
    return policy;
  }
  Verdict decide(const LimitPlan& plan) {
    std::optional<Verdict> out;
    const auto begin = std::chrono::steady_clock::now();
    test::run_on(loop_, [&](runtime::Executor) { return decide_into(plan, out); });
    took_ = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
    return std::move(*out);
  }
  /// Decides until the store itself answered again.
  bool recovers(const LimitPlan& plan, std::size_t policy) {
    const auto counter =
        metrics_.of(policies_[policy].name)[static_cast<std::size_t>(LimiterMetrics::Outcome::Allowed)];
    const std::uint64_t before = registry_.total(counter);
    const auto until = std::chrono::steady_clock::now() + seconds(10);
    while (std::chrono::steady_clock::now() < until) {
      decide(plan);
      if (registry_.total(counter) != before) return true;
      loop_.restart();
      loop_.run_for(milliseconds(20));
    }
    return false;
  }
  /// What three rules answer in turn, each within five times the deadline.
  void expect_failure_verdicts() {
    EXPECT_EQ(decide(local_plan_).outcome, Outcome::Allowed);
    EXPECT_LT(took_, 5 * kDeadline);
    const Verdict open = decide(allow_plan_);
    EXPECT_EQ(open.outcome, Outcome::Allowed);
    EXPECT_TRUE(open.entries().empty());
    EXPECT_LT(took_, 5 * kDeadline);
    EXPECT_EQ(decide(deny_plan_).outcome, Outcome::Unavailable);
    EXPECT_LT(took_, 5 * kDeadline);
  }

  sallyport::testing::RedisServer server_;
  asio::io_context loop_{1};
  test::RedisParty party_{loop_, server_.port(), kDeadline};
  SystemClock clock_;
  FastRandom random_{4};
  MemoryStore local_{clock_, random_, {.keys_max = 4096}};
  const std::vector<Policy> policies_ = {with("local", OnStoreError::Local), with("allow", OnStoreError::Allow),
                                         with("deny", OnStoreError::Deny)};
  metrics::Registry registry_;
  LimiterMetrics metrics_{registry_, policies_};
  const LimitPlan local_plan_{std::array{&policies_[0]}, "/", {}, metrics_};
  const LimitPlan allow_plan_{std::array{&policies_[1]}, "/", {}, metrics_};
  const LimitPlan deny_plan_{std::array{&policies_[2]}, "/", {}, metrics_};
  const Caller caller_{.address = IpAddress::parse("192.0.2.1").value()};
  Limiter limiter_{party_.store(),    local_, clock_, random_, test::silent_logger(), metrics_, registry_.make_shard(),
                   Limiter::Options{}};
  milliseconds took_{0};

 private:
  runtime::Task<> decide_into(const LimitPlan& plan, std::optional<Verdict>& out) {
    out.emplace(plan);
    co_await limiter_.decide(plan, caller_, *out);
  }
};

TEST_F(RedisOutageTest, ServerThatStandsStillCostsOneDeadlineAndThenNothing) {
  EXPECT_EQ(decide(local_plan_).outcome, Outcome::Allowed);
  server_.suspend();
  expect_failure_verdicts();
  EXPECT_GE(registry_.total(metrics_.store_errors(StoreErrorKind::Timeout)), 1U);
  while (limiter_.breaker_state() == BreakerState::Closed) decide(allow_plan_);
  // Open for at least 800 ms: a hundred decisions take no time at all.
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) decide(allow_plan_);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kDeadline * 5);
  server_.resume();
  EXPECT_TRUE(recovers(allow_plan_, 1));
  EXPECT_EQ(limiter_.breaker_state(), BreakerState::Closed);
}

TEST_F(RedisOutageTest, LocalLimitHoldsDuringTheOutage) {
  server_.suspend();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(decide(local_plan_).outcome, Outcome::Allowed);
  const Verdict denied = decide(local_plan_);
  EXPECT_EQ(denied.outcome, Outcome::Denied);
  EXPECT_GE(denied.retry_after, seconds(890));
  server_.resume();
}

TEST_F(RedisOutageTest, ServerThatDiesAndComesBackEmpty) {
  EXPECT_EQ(decide(deny_plan_).outcome, Outcome::Allowed);
  server_.kill();
  expect_failure_verdicts();
  server_.restart();
  EXPECT_TRUE(recovers(deny_plan_, 2)) << "the scripts are gone too, and have to be loaded again";
}

}  // namespace
}  // namespace sallyport::rate_limit
