// Looking at counters and dropping them, for administrators: the same on both stores.

#include <array>
#include <vector>

#include "store_contract.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using test::charge;
using test::Kind;

class StoreLook : public test::StoreContract {
 protected:
  Decision look(std::span<const Charge> charges) {
    return get([&] { return store().look(charges); });
  }
  Decision forget(std::span<const Charge> charges) {
    return get([&] { return store().forget(charges); });
  }
  Usage look_one(const Policy& policy, std::int64_t cost = 1) {
    const Charge one = charge(policy, kKey, cost);
    return look({&one, 1}).usage[0];
  }

  /// One of each kind, with room for five.
  static std::vector<Policy> every_kind() {
    Policy failures = test::fixed("failures", 5, minutes(15));
    failures.count = Count::Failures;
    Policy shadow = test::fixed("shadow", 5, minutes(15));
    shadow.shadow = true;
    return {test::fixed("fixed", 5, minutes(15)), test::sliding("sliding", 5, minutes(15)),
            test::gcra("gcra", 60, minutes(60), 5), failures, shadow};
  }
};

TEST_P(StoreLook, CountsForNobodyHoweverOften) {
  for (const Policy& policy : every_kind()) {
    SCOPED_TRACE(policy.name);
    const std::string key = "sp:rl:{ip:192.0.2.1}:" + policy.name;
    const Charge one = charge(policy, key);
    for (int used = 0; used <= 5; ++used) {
      for (int i = 0; i < 20; ++i) {
        const Usage seen = look({&one, 1}).usage[0];
        ASSERT_EQ(seen.used, used);
        ASSERT_EQ(seen.remaining, 5 - used);
        ASSERT_EQ(seen.allowed, used < 5);
        ASSERT_EQ(seen.reset > milliseconds(0), used > 0);
      }
      const Usage next = acquire({&one, 1}).usage[0];
      EXPECT_EQ(next.allowed, used < 5);
      EXPECT_EQ(next.used, std::min(used + 1, 5)) << "as if nobody had looked";
      EXPECT_EQ(next.remaining, std::max(4 - used, 0));
    }
  }
}

TEST_P(StoreLook, TellsWhetherTheCostWouldPass) {
  for (const Policy& policy : every_kind()) {
    SCOPED_TRACE(policy.name);
    const std::string key = "sp:rl:{ip:192.0.2.1}:" + policy.name;
    for (int i = 0; i < 3; ++i) {
      const Charge one = charge(policy, key);
      acquire({&one, 1});
    }
    for (const std::int64_t cost : {1, 2, 3, 4}) {
      const Charge some = charge(policy, key, cost);
      const Decision decision = look({&some, 1});
      EXPECT_EQ(decision.usage[0].allowed, cost <= 2) << cost;
      EXPECT_EQ(decision.allowed, cost <= 2 || policy.shadow) << cost;
      EXPECT_EQ(decision.usage[0].used, 3);
    }
  }
}

TEST_P(StoreLook, OpensNoWindow) {
  for (const Policy& policy : every_kind()) {
    const Charge one = charge(policy, kKey);
    for (const Decision& seen : {look({&one, 1}), forget({&one, 1}), look({&one, 1})}) {
      EXPECT_EQ(seen.usage[0].used, 0) << policy.name;
      EXPECT_EQ(seen.usage[0].reset, milliseconds(0)) << policy.name;
    }
    EXPECT_EQ(count(), std::nullopt) << policy.name;
  }
}

TEST_P(StoreLook, ResetIsWhenNothingCountsAnyMore) {
  for (const Policy& policy : {test::fixed("f", 4, milliseconds(300)), test::sliding("s", 4, milliseconds(300)),
                               test::gcra("g", 4, milliseconds(300), 4)}) {
    SCOPED_TRACE(policy.name);
    const Charge one = charge(policy, kKey);
    forget({&one, 1});
    acquire_one(policy, 2);
    const Usage seen = look_one(policy);
    EXPECT_LE(seen.reset, policy.window * 2);
    EXPECT_GT(look_one(policy).used, 0);
    pass(seen.reset + milliseconds(2));
    EXPECT_EQ(look_one(policy).used, 0);
    EXPECT_EQ(look_one(policy).reset, milliseconds(0));
  }
}

TEST_P(StoreLook, ForgettingGivesAFreshStartAndTellsWhatWasThere) {
  for (const Policy& policy : every_kind()) {
    SCOPED_TRACE(policy.name);
    const std::string key = "sp:rl:{ip:192.0.2.1}:" + policy.name;
    const Charge one = charge(policy, key);
    for (int i = 0; i < 6; ++i) acquire({&one, 1});
    const Decision before = forget({&one, 1});
    EXPECT_EQ(before.usage[0].used, 5);
    EXPECT_EQ(before.usage[0].remaining, 0);
    EXPECT_EQ(forget({&one, 1}).usage[0].used, 0) << "it is gone";
    for (int i = 1; i <= 5; ++i) EXPECT_EQ(acquire({&one, 1}).usage[0].used, i);
  }
}

TEST_P(StoreLook, ForgettingLeavesOthersAlone) {
  const Policy policy = test::fixed("p", 5, minutes(15));
  const std::array both = {charge(policy, kKey), charge(policy, kOther)};
  for (int i = 0; i < 3; ++i) acquire(both);
  forget({both.data(), 1});
  const Decision after = look(both);
  EXPECT_EQ(after.usage[0].used, 0);
  EXPECT_EQ(after.usage[1].used, 3);
}

TEST_P(StoreLook, TakesAsManyKindsAsADecisionHolds) {
  std::vector<Policy> policies = every_kind();
  for (int i = 0; i < 3; ++i) policies.push_back(test::sliding("more", 5, minutes(15)));
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < policies.size(); ++i) keys.push_back("{x}" + std::to_string(i));
  std::vector<Charge> charges;
  for (std::size_t i = 0; i < policies.size(); ++i) {
    charges.push_back(charge(policies[i], keys[i]));
    for (std::size_t n = 0; n < (i + 1) % 5 + 1; ++n) acquire({&charges.back(), 1});
  }
  ASSERT_EQ(charges.size(), kChargesMax);
  for (const Decision& decision : {look(charges), forget(charges)}) {
    EXPECT_EQ(decision.size, kChargesMax);
    EXPECT_FALSE(decision.allowed) << "the fourth is used up";
    for (std::size_t i = 0; i < charges.size(); ++i) {
      EXPECT_EQ(decision.usage[i].used, static_cast<std::int64_t>((i + 1) % 5 + 1)) << i;
    }
  }
  EXPECT_TRUE(acquire(charges).allowed);
}

TEST_P(StoreLook, ChargeOfAForgottenWindowIsNotGivenBack) {
  Policy policy = test::fixed("p", 3, minutes(15));
  policy.count = Count::Failures;
  const Usage old = acquire_one(policy);
  const Charge one = charge(policy, kKey);
  forget({&one, 1});
  give_back(1, old.window_end_ms);
  EXPECT_EQ(count(), std::nullopt);
  pass(milliseconds(2));
  acquire_one(policy, 2);
  give_back(1, old.window_end_ms);
  EXPECT_EQ(look_one(policy).used, 2);
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreLook, ::testing::Values(Kind::Memory, Kind::Redis),
                         [](const auto& info) { return info.param == Kind::Memory ? "Memory" : "Redis"; });

}  // namespace
}  // namespace sallyport::rate_limit
