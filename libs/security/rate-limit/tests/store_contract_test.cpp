// What every RateLimitStore promises: one suite, run on MemoryStore and on RedisStore with a real server.

#include <array>
#include <vector>

#include "sallyport/runtime/task_scope.hpp"
#include "store_contract.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::charge;
using test::Kind;
using test::Subject;

class StoreContract : public test::StoreContract {};

TEST_P(StoreContract, CounterIncrements) {
  EXPECT_EQ(count(), std::nullopt);
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(increment(minutes(1)), i);
  EXPECT_EQ(count(), 3);
}

TEST_P(StoreContract, CounterExpiresAfterItsLifeAndCountingDoesNotProlongIt) {
  increment(milliseconds(300));
  pass(milliseconds(150));
  EXPECT_EQ(increment(milliseconds(300)), 2);
  pass(milliseconds(200));
  EXPECT_EQ(count(), std::nullopt);
  EXPECT_EQ(increment(milliseconds(300)), 1);
}

TEST_P(StoreContract, HundredPassAndTheNextIsRefused) {
  for (const Policy& policy : {test::fixed("p", 100, minutes(15)), test::sliding("p", 100, minutes(15)),
                               test::gcra("p", 100, minutes(15), 100)}) {
    const std::string key = "sp:rl:{ip:h}:" + std::to_string(static_cast<int>(policy.algorithm));
    const Charge one = charge(policy, key);
    for (int i = 1; i <= 100; ++i) {
      const Decision decision = acquire({&one, 1});
      ASSERT_TRUE(decision.allowed) << i;
      ASSERT_EQ(decision.size, 1);
      if (policy.algorithm == Algorithm::Fixed) ASSERT_EQ(decision.usage[0].remaining, 100 - i);
    }
    const Decision refused = acquire({&one, 1});
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.usage[0].remaining, 0);
    EXPECT_GT(refused.usage[0].reset, milliseconds(0));
    EXPECT_LE(refused.usage[0].reset, policy.window * 2);
  }
}

TEST_P(StoreContract, FixedWindowEndsWhenItSaid) {
  const Policy policy = test::fixed("p", 2, milliseconds(400));
  EXPECT_EQ(acquire_one(policy).reset, milliseconds(400));
  acquire_one(policy);
  const Usage refused = acquire_one(policy);
  EXPECT_FALSE(refused.allowed);
  pass(refused.reset + milliseconds(2));
  EXPECT_TRUE(acquire_one(policy).allowed);
}

TEST_P(StoreContract, GcraRefillsOneAtATime) {
  const Policy policy = test::gcra("p", 10, milliseconds(5000), 2);
  EXPECT_TRUE(acquire_one(policy).allowed);
  EXPECT_TRUE(acquire_one(policy).allowed);
  const Usage refused = acquire_one(policy);
  EXPECT_FALSE(refused.allowed);
  EXPECT_LE(refused.reset, milliseconds(500));
  pass(refused.reset + milliseconds(2));
  EXPECT_TRUE(acquire_one(policy).allowed);
  EXPECT_FALSE(acquire_one(policy).allowed);
}

TEST_P(StoreContract, RefusedRequestsAreNotCharged) {
  for (const Policy& policy :
       {test::fixed("p", 3, minutes(15)), test::sliding("p", 3, minutes(15)), test::gcra("p", 3, minutes(15), 3)}) {
    const std::string key = "sp:rl:{ip:n}:" + std::to_string(static_cast<int>(policy.algorithm));
    const Charge two = charge(policy, key, 2);
    const Charge one = charge(policy, key, 1);
    EXPECT_TRUE(acquire({&two, 1}).allowed);
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(acquire({&two, 1}).allowed);
    EXPECT_TRUE(acquire({&one, 1}).allowed);
    EXPECT_FALSE(acquire({&one, 1}).allowed);
  }
}

TEST_P(StoreContract, ChargesAllOrNoneOverTwoPolicies) {
  const Policy wide = test::fixed("wide", 100, minutes(15));
  for (const Policy& narrow : {test::fixed("narrow", 5, minutes(15)), test::sliding("narrow", 5, minutes(15)),
                               test::gcra("narrow", 5, minutes(15), 5)}) {
    const std::string suffix = std::to_string(static_cast<int>(narrow.algorithm));
    const std::string wide_key = "{x" + suffix + "}wide";
    const std::string narrow_key = "{x" + suffix + "}narrow";
    const std::array both = {charge(wide, wide_key), charge(narrow, narrow_key)};
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(acquire(both).allowed);
    for (int i = 0; i < 10; ++i) {
      const Decision refused = acquire(both);
      EXPECT_FALSE(refused.allowed);
      EXPECT_TRUE(refused.usage[0].allowed);
      EXPECT_EQ(refused.usage[0].remaining, 95) << "of which nothing was taken";
      EXPECT_FALSE(refused.usage[1].allowed);
    }
    const Charge alone = both[0];
    EXPECT_EQ(acquire({&alone, 1}).usage[0].remaining, 94);
  }
}

TEST_P(StoreContract, RefusedRequestOpensNoWindow) {
  const Policy narrow = test::fixed("narrow", 1, minutes(15));
  const Policy brief = test::fixed("brief", 5, milliseconds(600));
  const Charge first = charge(narrow, kKey);
  acquire({&first, 1});
  const std::array both = {charge(brief, kOther), charge(narrow, kKey)};
  EXPECT_FALSE(acquire(both).allowed);
  pass(milliseconds(300));
  const Charge alone = both[0];
  EXPECT_EQ(acquire({&alone, 1}).usage[0].reset, milliseconds(600));
}

TEST_P(StoreContract, ShadowPolicyNeverRefuses) {
  Policy shadow = test::fixed("shadow", 2, minutes(15));
  shadow.shadow = true;
  const Policy real = test::fixed("real", 4, minutes(15));
  const std::array both = {charge(shadow, kKey), charge(real, kOther)};
  for (int i = 0; i < 4; ++i) {
    const Decision decision = acquire(both);
    EXPECT_TRUE(decision.allowed);
    EXPECT_EQ(decision.usage[0].allowed, i < 2);
    EXPECT_EQ(decision.usage[0].used, std::min(i + 1, 2));
    EXPECT_EQ(decision.usage[1].used, i + 1);
  }
  EXPECT_FALSE(acquire(both).allowed);
}

TEST_P(StoreContract, ShadowPolicyIsNotChargedForARefusedRequest) {
  for (const bool mixed : {false, true}) {
    Policy shadow = mixed ? test::sliding("shadow", 5, minutes(15)) : test::fixed("shadow", 5, minutes(15));
    shadow.shadow = true;
    const Policy real = test::fixed("real", 1, minutes(15));
    const std::string key = mixed ? "{m}s" : "{f}s";
    const std::string other = mixed ? "{m}r" : "{f}r";
    const std::array both = {charge(shadow, key), charge(real, other)};
    for (int i = 0; i < 4; ++i) acquire(both);
    EXPECT_EQ(acquire(both).usage[0].used, 1);
  }
}

TEST_P(StoreContract, NewLimitAppliesAtOnce) {
  Policy policy = test::fixed("p", 10, minutes(15));
  for (int i = 0; i < 6; ++i) acquire_one(policy);
  policy.limit = 5;
  EXPECT_FALSE(acquire_one(policy).allowed);
  EXPECT_EQ(acquire_one(policy).remaining, 0);
  policy.limit = 7;
  EXPECT_TRUE(acquire_one(policy).allowed);
  EXPECT_FALSE(acquire_one(policy).allowed);
}

TEST_P(StoreContract, GivesBackIntoTheWindowThatWasCharged) {
  Policy policy = test::fixed("p", 3, minutes(15));
  policy.count = Count::Failures;
  const Usage usage = acquire_one(policy, 2);
  ASSERT_NE(usage.window_end_ms, 0);
  EXPECT_FALSE(acquire_one(policy, 2).allowed);
  give_back(2, usage.window_end_ms);
  EXPECT_EQ(acquire_one(policy, 1).remaining, 2);
}

TEST_P(StoreContract, GivesBackNothingIntoAnotherWindow) {
  Policy policy = test::fixed("p", 3, milliseconds(200));
  policy.count = Count::Failures;
  const Usage old = acquire_one(policy);
  pass(milliseconds(210));
  acquire_one(policy);
  give_back(1, old.window_end_ms);
  EXPECT_EQ(count(), 1);
}

TEST_P(StoreContract, GiveBackNeverGoesBelowZeroNorCreatesAKey) {
  Policy policy = test::fixed("p", 3, minutes(15));
  policy.count = Count::Failures;
  const Usage usage = acquire_one(policy);
  give_back(1, usage.window_end_ms);
  give_back(1, usage.window_end_ms);
  EXPECT_EQ(count(), 0);
  EXPECT_EQ(acquire_one(policy).remaining, 2);
  get([&] { return store().give_back(kOther, 1, usage.window_end_ms); });
  EXPECT_EQ(get([&] { return store().get(kOther); }), std::nullopt);
}

runtime::Task<> acquire_into(RateLimitStore& store, std::span<const Charge> charges, int& admitted, int& failed) {
  const auto decision = co_await store.acquire(charges);
  if (!decision) ++failed;
  if (decision && decision->allowed) ++admitted;
}

runtime::Task<> acquire_at_once(Subject& subject, std::span<const Charge> charges, int& admitted, int& failed) {
  runtime::TaskScope scope(subject.loop.get_executor(), 200, [&](std::exception_ptr) { ++failed; });
  for (std::size_t i = 0; i < 200; ++i) {
    EXPECT_TRUE(scope.spawn(acquire_into(subject.store(i % 2), charges, admitted, failed)));
  }
  co_await scope.join();
}

TEST_P(StoreContract, TwoHundredAtOnceOverTwoClientsAdmitExactlyHundred) {
  const Policy first = test::fixed("p", 100, minutes(15));
  const Policy second = test::sliding("q", 150, minutes(15));
  const std::array lean = {charge(first, "{a}p")};
  const std::array mixed = {charge(first, "{b}p"), charge(second, "{b}q")};
  for (const std::span<const Charge> charges : {std::span<const Charge>(lean), std::span<const Charge>(mixed)}) {
    int admitted = 0;
    int failed = 0;
    test::run_on(subject_->loop,
                 [&](runtime::Executor) { return acquire_at_once(*subject_, charges, admitted, failed); });
    EXPECT_EQ(admitted, 100);
    EXPECT_EQ(failed, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract, ::testing::Values(Kind::Memory, Kind::Redis),
                         [](const auto& info) { return info.param == Kind::Memory ? "Memory" : "Redis"; });

}  // namespace
}  // namespace sallyport::rate_limit
