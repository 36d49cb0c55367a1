// What each policy does when the store does not answer.

#include <gtest/gtest.h>

#include "limiter_fixture.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using BreakerState = resilience::CircuitBreaker::State;
using Counted = LimiterMetrics::Outcome;

class StoreFailureTest : public test::LimiterTest {
 protected:
  static Policy with(OnStoreError rule, std::string name = "global", std::int64_t limit = 4) {
    Policy policy = test::fixed(std::move(name), limit, minutes(15));
    policy.on_store_error = rule;
    return policy;
  }
  void fail() { store_.failure = StoreErrorKind::Timeout; }
};

TEST_F(StoreFailureTest, LocalLimitsInProcessWithThisInstancesShare) {
  use({with(OnStoreError::Local, "global", 5)}, {.instances = 2});
  fail();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(decide().outcome, Outcome::Allowed) << i;
  const Verdict denied = decide();
  EXPECT_EQ(denied.outcome, Outcome::Denied);
  EXPECT_EQ(denied.retry_after, seconds(900));
  EXPECT_EQ(counted("global", Counted::LocalAllowed), 3U);
  EXPECT_EQ(counted("global", Counted::LocalDenied), 1U);
  EXPECT_EQ(counted("global", Counted::Allowed), 0U);
  EXPECT_EQ(registry_.total(metrics_->store_errors(StoreErrorKind::Timeout)), 4U);
}

TEST_F(StoreFailureTest, LocalRefusalIsNotRememberedAsTheStoresOwn) {
  use({with(OnStoreError::Local, "global", 1)});
  fail();
  decide();
  ASSERT_EQ(decide().outcome, Outcome::Denied);
  store_.failure.reset();
  EXPECT_FALSE(limiter_->try_without_store(*plan_, caller("192.0.2.1")).has_value());
  EXPECT_EQ(decide().outcome, Outcome::Allowed);
}

TEST_F(StoreFailureTest, AllowLetsThroughWithoutFields) {
  use({with(OnStoreError::Allow)});
  fail();
  for (int i = 0; i < 20; ++i) {
    const Verdict verdict = decide();
    EXPECT_EQ(verdict.outcome, Outcome::Allowed);
    EXPECT_EQ(fields(verdict), "");
  }
  EXPECT_EQ(counted("global", Counted::FailedOpen), 20U);
}

TEST_F(StoreFailureTest, DenyIsUnavailableAndNeverDenied) {
  use({with(OnStoreError::Deny)});
  fail();
  for (int i = 0; i < 20; ++i) {
    const Verdict verdict = decide();
    EXPECT_EQ(verdict.outcome, Outcome::Unavailable);
    EXPECT_GE(verdict.retry_after, seconds(1));
    EXPECT_EQ(fields(verdict), "");
  }
  EXPECT_EQ(counted("global", Counted::Unavailable), 20U);
}

TEST_F(StoreFailureTest, DenyBesideLocalChargesNothing) {
  use({with(OnStoreError::Local, "global", 1), with(OnStoreError::Deny, "auth")});
  fail();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(decide().outcome, Outcome::Unavailable);
  EXPECT_EQ(counted("global", Counted::LocalAllowed) + counted("global", Counted::LocalDenied), 0U);
}

TEST_F(StoreFailureTest, AllowBesideLocalShowsTheLocalOne) {
  use({with(OnStoreError::Local, "global"), with(OnStoreError::Allow, "auth")});
  fail();
  EXPECT_EQ(fields(decide()),
            "X-RateLimit-Limit: 4\r\n"
            "X-RateLimit-Remaining: 3\r\n"
            "RateLimit-Policy: \"global\";q=4;w=900\r\n"
            "RateLimit: \"global\";r=3;t=900\r\n");
}

TEST_F(StoreFailureTest, ShadowPolicyNeverRefusesWhateverItsRule) {
  Policy shadow = with(OnStoreError::Deny);
  shadow.shadow = true;
  use({shadow});
  fail();
  EXPECT_EQ(decide().outcome, Outcome::Allowed);
}

TEST_F(StoreFailureTest, EveryKindOfErrorCountsTowardsTheBreaker) {
  use({with(OnStoreError::Allow)});
  for (const auto kind : {StoreErrorKind::ReadOnly, StoreErrorKind::Loading, StoreErrorKind::OutOfMemory,
                          StoreErrorKind::WrongType, StoreErrorKind::NotSent}) {
    EXPECT_EQ(limiter_->breaker_state(), BreakerState::Closed);
    store_.failure = kind;
    decide();
  }
  EXPECT_EQ(limiter_->breaker_state(), BreakerState::Open);
}

TEST_F(StoreFailureTest, OpenBreakerDoesNotAskAndOneProbeClosesIt) {
  use({with(OnStoreError::Local, "global", 1000)});
  fail();
  for (int i = 0; i < 5; ++i) decide();
  EXPECT_EQ(limiter_->breaker_state(), BreakerState::Open);
  EXPECT_EQ(metrics_->breakers_open().load(), 1);
  for (int i = 0; i < 50; ++i) decide();
  EXPECT_EQ(store_.calls.size(), 5U);

  clock_.advance(seconds(2));  // 1 s and its jitter are over
  decide();                    // the probe fails: 2 s and jitter
  EXPECT_EQ(store_.calls.size(), 6U);
  clock_.advance(milliseconds(1500));
  decide();
  EXPECT_EQ(store_.calls.size(), 6U);
  store_.failure.reset();
  clock_.advance(seconds(1));
  decide();
  EXPECT_EQ(limiter_->breaker_state(), BreakerState::Closed);
  EXPECT_EQ(metrics_->breakers_open().load(), 0);
  EXPECT_EQ(counted("global", Counted::Allowed), 1U);
}

TEST_F(StoreFailureTest, LimiterThatGoesAwayOpenLeavesNoTraceInTheGauge) {
  use({with(OnStoreError::Allow)});
  fail();
  for (int i = 0; i < 5; ++i) decide();
  ASSERT_EQ(metrics_->breakers_open().load(), 1);
  limiter_.reset();
  EXPECT_EQ(metrics_->breakers_open().load(), 0);
}

TEST_F(StoreFailureTest, UnavailableNamesTheTimeOfTheNextProbe) {
  use({with(OnStoreError::Deny)});
  fail();
  for (int round = 0; round < 3; ++round) {
    while (limiter_->breaker_state() != BreakerState::Open) decide();
    const Verdict verdict = decide();
    const auto before = store_.calls.size();
    clock_.advance(verdict.retry_after);
    decide();
    EXPECT_EQ(store_.calls.size(), before + 1) << "who comes back when told to is asked for";
  }
}

TEST_F(StoreFailureTest, SecondIdentityDoesNotWaitForAStoreThatJustFailed) {
  Policy route = with(OnStoreError::Local, "route", 100);
  route.key = KeyKind::Route;
  use({with(OnStoreError::Local), route});
  fail();
  EXPECT_EQ(decide().entries().size(), 2U);
  EXPECT_EQ(store_.calls.size(), 1U);
}

TEST_F(StoreFailureTest, LocalFailureCountIsGivenBackLocally) {
  Policy logins = with(OnStoreError::Local, "logins", 1);
  logins.count = Count::Failures;
  use({logins});
  fail();
  for (int i = 0; i < 10; ++i) {
    Verdict verdict = decide();
    ASSERT_EQ(verdict.outcome, Outcome::Allowed) << i;
    settle(verdict, 200);
  }
  EXPECT_TRUE(store_.given_back.empty());
}

TEST_F(StoreFailureTest, ChargeStandsWhenGivingBackFails) {
  Policy logins = with(OnStoreError::Local, "logins", 1);
  logins.count = Count::Failures;
  use({logins});
  Verdict verdict = decide();
  fail();
  settle(verdict, 200);
  EXPECT_EQ(store_.given_back.size(), 1U) << "tried once, never again: it may have been done";
  store_.failure.reset();
  EXPECT_EQ(decide().outcome, Outcome::Denied);
}

}  // namespace
}  // namespace sallyport::rate_limit
