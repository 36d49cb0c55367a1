#include "sallyport/rate_limit/limiter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "limiter_fixture.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using Counted = LimiterMetrics::Outcome;
using ::testing::ElementsAre;

using LimiterTest = test::LimiterTest;

TEST_F(LimiterTest, AsksOnceForAllPoliciesOfOneIdentity) {
  Policy auth = test::fixed("auth", 5, minutes(15));
  auth.group = Group::Route;
  use({test::fixed("global", 100, minutes(15)), auth});
  EXPECT_EQ(decide("203.0.113.9").outcome, Outcome::Allowed);
  EXPECT_THAT(store_.calls, ElementsAre(ElementsAre("sp:rl:{ip:203.0.113.9}:global:fixed:900000",
                                                    "sp:rl:{ip:203.0.113.9}:auth:/auth/login:fixed:900000")));
}

TEST_F(LimiterTest, MasksIpv6AndNotIpv4) {
  use({test::fixed("global", 100, minutes(15))}, {.ipv6_prefix = 56});
  decide("2001:db8:1:2ff:3::4");
  decide("::ffff:192.0.2.7");
  EXPECT_THAT(store_.calls, ElementsAre(ElementsAre("sp:rl:{ip:2001:db8:1:200::}:global:fixed:900000"),
                                        ElementsAre("sp:rl:{ip:192.0.2.7}:global:fixed:900000")));
}

TEST_F(LimiterTest, DeniesOnePastTheLimitAndThenWithoutTheStore) {
  use({test::fixed("global", 2, minutes(15))});
  EXPECT_FALSE(limiter_->try_without_store(*plan_, caller("192.0.2.1")).has_value());
  decide();
  decide();
  EXPECT_EQ(decide().outcome, Outcome::Denied);
  const auto blocked = limiter_->try_without_store(*plan_, caller("192.0.2.1"));
  ASSERT_TRUE(blocked.has_value());
  EXPECT_EQ(blocked->outcome, Outcome::Denied);
  EXPECT_EQ(blocked->retry_after, seconds(900));
  EXPECT_EQ(fields(*blocked),
            "X-RateLimit-Limit: 2\r\n"
            "X-RateLimit-Remaining: 0\r\n"
            "RateLimit-Policy: \"global\";q=2;w=900\r\n"
            "RateLimit: \"global\";r=0;t=900\r\n");
  EXPECT_FALSE(limiter_->try_without_store(*plan_, caller("192.0.2.2")).has_value());
  EXPECT_EQ(store_.calls.size(), 3U);
  EXPECT_EQ(counted("global", Counted::Allowed), 2U);
  EXPECT_EQ(counted("global", Counted::Denied), 2U);
  EXPECT_EQ(registry_.total(metrics_->blocked_hits()), 1U);
}

TEST_F(LimiterTest, BlockEndsAfterFiveSecondsOrWithTheWindow) {
  use({test::fixed("global", 1, minutes(15))});
  decide();
  decide();
  clock_.advance(milliseconds(4999));
  const auto blocked = limiter_->try_without_store(*plan_, caller("192.0.2.1"));
  ASSERT_TRUE(blocked.has_value());
  EXPECT_EQ(blocked->retry_after, seconds(896)) << "the true reset, not the cache's";
  clock_.advance(milliseconds(1));
  EXPECT_FALSE(limiter_->try_without_store(*plan_, caller("192.0.2.1")).has_value());
}

TEST_F(LimiterTest, BlockCountsFromSendingNotFromTheAnswer) {
  use({test::fixed("brief", 1, seconds(1))});
  decide();
  store_.takes = milliseconds(40);
  clock_.advance(milliseconds(500));
  ASSERT_EQ(decide().outcome, Outcome::Denied);  // sent at 500, judged at 540 (460 left), back at 540
  clock_.advance(milliseconds(500 + 460 - 540 - 1));
  EXPECT_TRUE(limiter_->try_without_store(*plan_, caller("192.0.2.1")).has_value());
  clock_.advance(milliseconds(1));
  EXPECT_FALSE(limiter_->try_without_store(*plan_, caller("192.0.2.1")).has_value());
}

TEST_F(LimiterTest, ChangedConfigurationForgetsBlocks) {
  use({test::fixed("global", 1, minutes(15))});
  decide();
  decide();
  limiter_->forget_blocked();
  EXPECT_FALSE(limiter_->try_without_store(*plan_, caller("192.0.2.1")).has_value());
}

TEST_F(LimiterTest, FailuresAndShadowPoliciesAreNeverCachedAsBlocked) {
  Policy failures = test::fixed("failures", 1, minutes(15));
  failures.count = Count::Failures;
  Policy shadow = test::fixed("shadow", 1, minutes(15));
  shadow.shadow = true;
  use({failures, shadow});
  decide();
  EXPECT_EQ(decide().outcome, Outcome::Denied);
  EXPECT_FALSE(limiter_->try_without_store(*plan_, caller("192.0.2.1")).has_value());
}

TEST_F(LimiterTest, AllowListIsJudgedByTheWholeAddress) {
  Policy policy = test::fixed("global", 1, minutes(15));
  policy.allow_list = {Cidr::parse("2001:db8::5/128").value()};
  use({policy});
  const auto exempt = limiter_->try_without_store(*plan_, caller("2001:db8::5"));
  ASSERT_TRUE(exempt.has_value());
  EXPECT_EQ(exempt->outcome, Outcome::Allowed);
  EXPECT_EQ(fields(*exempt), "");
  EXPECT_FALSE(limiter_->try_without_store(*plan_, caller("2001:db8::6")).has_value()) << "same /64, not listed";
  decide("2001:db8::5");
  EXPECT_TRUE(store_.calls.empty());
}

TEST_F(LimiterTest, EmptyPlanIsAllowedWithoutTheStore) {
  use({});
  const auto verdict = limiter_->try_without_store(*plan_, caller("192.0.2.1"));
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->outcome, Outcome::Allowed);
}

class HeaderLimiterTest : public LimiterTest {
 protected:
  void SetUp() override {
    Policy key = test::fixed("key", 2, minutes(15));
    key.key = KeyKind::Header;
    key.header = "x-api-key";
    use({key, test::fixed("global", 4, minutes(15))});
  }
  Verdict ask(std::optional<std::string> value) {
    test::Headers headers;
    if (value) headers.fields["x-api-key"] = *value;
    Caller one = caller("192.0.2.1");
    one.headers = &headers;
    return decide(one);
  }
};

TEST_F(HeaderLimiterTest, HeaderIsAStepOfItsOwnAfterTheAddress) {
  ask("alice");
  ASSERT_EQ(store_.calls.size(), 2U);
  EXPECT_THAT(store_.calls[0], ElementsAre("sp:rl:{ip:192.0.2.1}:global:fixed:900000"));
  EXPECT_THAT(store_.calls[1], ElementsAre(::testing::MatchesRegex("sp:rl:.h:[0-9a-f]+.:key:fixed:900000")));
}

TEST_F(HeaderLimiterTest, MissingOrEmptyHeaderCountsWithItsAddressInOneStep) {
  ask(std::nullopt);
  ask("");
  ask(" \t ");
  decide("192.0.2.1");  // no lookup at all
  for (const auto& call : store_.calls) {
    EXPECT_THAT(call, ElementsAre("sp:rl:{ip:192.0.2.1}:global:fixed:900000", "sp:rl:{ip:192.0.2.1}:key:fixed:900000"));
  }
  EXPECT_EQ(store_.calls.size(), 4U);
}

TEST_F(HeaderLimiterTest, HostileValueCannotLeaveItsPlaceInTheKey) {
  ask("x}:global:fixed:900000");
  EXPECT_THAT(store_.calls[1], ElementsAre(::testing::MatchesRegex("sp:rl:.h:[0-9a-f]+.:key:fixed:900000")));
}

TEST_F(HeaderLimiterTest, LaterIdentityRefusesAndTheEarlierOneStaysCharged) {
  ask("alice");
  ask("alice");
  const Verdict refused = ask("alice");
  EXPECT_EQ(refused.outcome, Outcome::Denied);
  EXPECT_EQ(ask("bob").outcome, Outcome::Allowed) << "the fourth of the address";
  EXPECT_EQ(ask("carol").outcome, Outcome::Denied);
  EXPECT_EQ(store_.calls.back().size(), 1U) << "after the address refused, the header is not asked for";
}

class UserLimiterTest : public LimiterTest {
 protected:
  void SetUp() override {
    Policy user = test::fixed("user", 2, minutes(15));
    user.key = KeyKind::User;
    use({user});
  }
  Verdict ask(std::string_view address, std::string_view issuer, std::string_view subject) {
    Caller one = caller(address);
    one.issuer = issuer;
    one.subject = subject;
    return decide(one);
  }
};

TEST_F(UserLimiterTest, CountsAUserAcrossAddresses) {
  ask("192.0.2.1", "https://id", "alice");
  ask("192.0.2.2", "https://id", "alice");
  EXPECT_EQ(ask("192.0.2.3", "https://id", "alice").outcome, Outcome::Denied);
  EXPECT_EQ(ask("192.0.2.3", "https://id", "bob").outcome, Outcome::Allowed);
  EXPECT_THAT(store_.calls[0], ElementsAre(::testing::MatchesRegex("sp:rl:.u:[0-9a-f]+.:user:fixed:900000")));
}

TEST_F(UserLimiterTest, TheSameSubjectOfAnotherIssuerIsSomebodyElse) {
  ask("192.0.2.1", "https://id", "alice");
  ask("192.0.2.1", "https://id", "alice");
  EXPECT_EQ(ask("192.0.2.1", "https://other", "alice").outcome, Outcome::Allowed);
}

TEST_F(UserLimiterTest, NobodyCountsWithTheAddress) {
  ask("192.0.2.1", "", "");
  ask("192.0.2.1", "", "");
  EXPECT_EQ(ask("192.0.2.1", "", "").outcome, Outcome::Denied);
  EXPECT_EQ(ask("192.0.2.1", "https://id", "alice").outcome, Outcome::Allowed);
  EXPECT_THAT(store_.calls[0], ElementsAre("sp:rl:{ip:192.0.2.1}:user:fixed:900000"));
}

TEST_F(LimiterTest, RoutePolicyCountsAllClientsTogether) {
  Policy route = test::fixed("route", 2, minutes(15));
  route.key = KeyKind::Route;
  use({route});
  decide("192.0.2.1");
  decide("192.0.2.2");
  EXPECT_EQ(decide("192.0.2.3").outcome, Outcome::Denied);
  EXPECT_THAT(store_.calls[0], ElementsAre("sp:rl:{r:/auth/login}:route:fixed:900000"));
}

TEST_F(LimiterTest, ShadowPolicyOnlyCounts) {
  Policy shadow = test::fixed("shadow", 1, minutes(15));
  shadow.shadow = true;
  use({shadow, test::fixed("global", 100, minutes(15))});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(decide().outcome, Outcome::Allowed);
  EXPECT_EQ(counted("shadow", Counted::Allowed), 1U);
  EXPECT_EQ(counted("shadow", Counted::WouldDeny), 4U);
  EXPECT_EQ(counted("global", Counted::Allowed), 5U);
}

TEST_F(LimiterTest, ShadowLimitWatchesBesideTheRealOne) {
  Policy policy = test::fixed("global", 5, minutes(15));
  policy.shadow_limit = 3;
  use({policy});
  for (int i = 0; i < 6; ++i) decide();
  EXPECT_EQ(counted("global", Counted::Allowed), 5U);
  EXPECT_EQ(counted("global", Counted::CandidateWouldDeny), 3U) << "the fourth, the fifth, and the refused sixth";
  EXPECT_EQ(store_.calls.size(), 6U);
}

TEST_F(LimiterTest, CostIsChargedWhole) {
  Policy policy = test::fixed("global", 10, minutes(15));
  policy.cost = 4;
  use({policy});
  EXPECT_EQ(decide().entries()[0].remaining, 6);
  EXPECT_EQ(decide().entries()[0].remaining, 2);
  EXPECT_EQ(decide().outcome, Outcome::Denied);
}

struct SettleRow {
  int status;
  bool given_back;
};

TEST_F(LimiterTest, SettleGivesBackWhatWasNoFailure) {
  Policy policy = test::fixed("logins", 1, minutes(15));
  policy.count = Count::Failures;
  use({policy});
  const SettleRow rows[] = {{200, true},  {204, true},  {302, true},  {399, true}, {400, false},
                            {401, false}, {404, false}, {422, false}, {423, true}, {429, true},
                            {499, false}, {500, true},  {503, true}};
  int client = 0;
  for (const SettleRow& row : rows) {
    const std::string address = "198.51.100." + std::to_string(++client);
    Verdict verdict = decide(address);
    EXPECT_TRUE(verdict.needs_settling());
    settle(verdict, row.status);
    EXPECT_EQ(decide(address).outcome, row.given_back ? Outcome::Allowed : Outcome::Denied) << row.status;
  }
}

TEST_F(LimiterTest, SettlingTwiceGivesBackOnce) {
  Policy policy = test::fixed("logins", 5, minutes(15));
  policy.count = Count::Failures;
  use({policy});
  decide();
  Verdict verdict = decide();
  settle(verdict, 200);
  EXPECT_FALSE(verdict.needs_settling());
  settle(verdict, 200);
  EXPECT_EQ(store_.given_back.size(), 1U);
  EXPECT_EQ(decide().entries()[0].remaining, 3);
}

TEST_F(LimiterTest, SettleNeverTouchesANewerWindow) {
  Policy policy = test::fixed("logins", 5, minutes(15));
  policy.count = Count::Failures;
  use({policy});
  Verdict slow = decide();
  clock_.advance(minutes(15));
  decide();
  settle(slow, 200);
  EXPECT_EQ(decide().entries()[0].remaining, 3);
}

TEST_F(LimiterTest, DeniedHasNothingToSettle) {
  Policy policy = test::fixed("logins", 1, minutes(15));
  policy.count = Count::Failures;
  use({policy});
  decide();
  EXPECT_FALSE(decide().needs_settling());
}

}  // namespace
}  // namespace sallyport::rate_limit
