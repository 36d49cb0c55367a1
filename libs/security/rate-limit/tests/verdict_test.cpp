#include "sallyport/rate_limit/verdict.hpp"

#include <gtest/gtest.h>

#include "limiter_fixture.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class VerdictTest : public test::LimiterTest {
 protected:
  static Policy global() { return test::fixed("global", 100, minutes(15)); }
  static Policy auth() { return test::fixed("auth", 5, minutes(15)); }
};

TEST_F(VerdictTest, AllowedShowsThePolicyWithLeastRemaining) {
  use({global(), auth()});
  EXPECT_EQ(fields(decide()),
            "X-RateLimit-Limit: 5\r\n"
            "X-RateLimit-Remaining: 4\r\n"
            "RateLimit-Policy: \"global\";q=100;w=900, \"auth\";q=5;w=900\r\n"
            "RateLimit: \"global\";r=99;t=900, \"auth\";r=4;t=900\r\n");
}

TEST_F(VerdictTest, SecondsAreRoundedUp) {
  use({global()});
  decide();
  clock_.advance(milliseconds(1));
  EXPECT_EQ(fields(decide()),
            "X-RateLimit-Limit: 100\r\n"
            "X-RateLimit-Remaining: 98\r\n"
            "RateLimit-Policy: \"global\";q=100;w=900\r\n"
            "RateLimit: \"global\";r=98;t=900\r\n");
  clock_.advance(milliseconds(899'000));
  const Verdict verdict = decide();
  EXPECT_NE(fields(verdict).find(";r=97;t=1\r\n"), std::string::npos) << fields(verdict);
}

TEST_F(VerdictTest, DeniedShowsTheViolatedPolicyEvenWhenAnotherHasLessLeft) {
  Policy dear = test::fixed("dear", 10, minutes(15));
  dear.cost = 4;
  use({test::fixed("tight", 2, minutes(15)), dear});
  decide();
  decide();
  const Verdict verdict = decide();  // tight: 2 of 2; dear: 8 of 10, and 4 do not fit
  ASSERT_EQ(verdict.outcome, Outcome::Denied);
  EXPECT_EQ(fields(verdict),
            "X-RateLimit-Limit: 2\r\n"
            "X-RateLimit-Remaining: 0\r\n"
            "RateLimit-Policy: \"tight\";q=2;w=900, \"dear\";q=10;w=900\r\n"
            "RateLimit: \"tight\";r=0;t=900, \"dear\";r=2;t=900\r\n");
  EXPECT_TRUE(verdict.entries()[0].violated);
  EXPECT_TRUE(verdict.entries()[1].violated);
}

TEST_F(VerdictTest, RetryAfterIsTheLatestResetOfTheViolatedPoliciesAndAtLeastOne) {
  use({test::fixed("brief", 1, seconds(10)), test::fixed("long", 1, seconds(60)),
       test::fixed("free", 9, seconds(900))});
  decide();
  clock_.advance(milliseconds(500));
  EXPECT_EQ(decide().retry_after, seconds(60)) << "59.5 s; what was not violated does not count";
  limiter_->forget_blocked();
  clock_.advance(milliseconds(59'000));
  EXPECT_EQ(decide().retry_after, seconds(1));
}

TEST_F(VerdictTest, NothingWithoutPolicies) {
  use({});
  EXPECT_EQ(fields(decide()), "");
}

TEST_F(VerdictTest, ExemptPolicyIsNotMentioned) {
  Policy exempt = auth();
  exempt.allow_list = {Cidr::parse("192.0.2.0/24").value()};
  use({global(), exempt});
  EXPECT_EQ(fields(decide()),
            "X-RateLimit-Limit: 100\r\n"
            "X-RateLimit-Remaining: 99\r\n"
            "RateLimit-Policy: \"global\";q=100;w=900\r\n"
            "RateLimit: \"global\";r=99;t=900\r\n");
}

TEST_F(VerdictTest, ShadowPolicyIsNotMentioned) {
  Policy shadow = auth();
  shadow.shadow = true;
  use({shadow, global()});
  EXPECT_EQ(fields(decide()),
            "X-RateLimit-Limit: 100\r\n"
            "X-RateLimit-Remaining: 99\r\n"
            "RateLimit-Policy: \"global\";q=100;w=900\r\n"
            "RateLimit: \"global\";r=99;t=900\r\n");
}

TEST_F(VerdictTest, LocalShareShowsTheLimitThatHolds) {
  use({global(), auth()}, {.instances = 2});
  store_.failure = StoreErrorKind::Timeout;
  EXPECT_EQ(fields(decide()),
            "X-RateLimit-Limit: 3\r\n"
            "X-RateLimit-Remaining: 2\r\n"
            "RateLimit-Policy: \"global\";q=50;w=900, \"auth\";q=3;w=900\r\n"
            "RateLimit: \"global\";r=49;t=900, \"auth\";r=2;t=900\r\n");
}

/// A request that is decided twice, by its address and then by its user, with a plan for each.
class TwoVerdictsTest : public VerdictTest {
 protected:
  std::string fields_after(int requests) {
    const Policy* const first[] = {&policies_[0]};
    const Policy* const second[] = {&policies_[1]};
    const LimitPlan plans[] = {LimitPlan(first, "/", {}, *metrics_), LimitPlan(second, "/", {}, *metrics_)};
    std::string out;
    for (int i = 0; i < requests; ++i) {
      Verdict address(plans[0]);
      Verdict user(plans[1]);
      const Caller one = caller("192.0.2.1");
      sallyport::testing::run_task([&](runtime::Executor) { return limiter_->decide(plans[0], one, address); });
      sallyport::testing::run_task([&](runtime::Executor) { return limiter_->decide(plans[1], one, user); });
      out.clear();
      append_limit_fields(out, address, user);
    }
    return out;
  }
};

TEST_F(TwoVerdictsTest, ReadAsOneAndShowTheNearestPolicy) {
  use({global(), test::fixed("user", 5, minutes(1))});
  EXPECT_EQ(fields_after(2),
            "X-RateLimit-Limit: 5\r\n"
            "X-RateLimit-Remaining: 3\r\n"
            "RateLimit-Policy: \"global\";q=100;w=900, \"user\";q=5;w=60\r\n"
            "RateLimit: \"global\";r=98;t=900, \"user\";r=3;t=60\r\n");
}

TEST_F(TwoVerdictsTest, TheFirstCanBeTheNearest) {
  use({auth(), test::fixed("user", 50, minutes(1))});
  EXPECT_EQ(fields_after(1).find("X-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 4\r\n"), 0U);
}

TEST_F(TwoVerdictsTest, AViolatedPolicyGoesBeforeOneWithLessLeft) {
  Policy dear = test::fixed("user", 10, minutes(1));
  dear.cost = 4;
  use({test::fixed("global", 3, minutes(15)), dear});
  EXPECT_EQ(fields_after(3).find("X-RateLimit-Limit: 10\r\nX-RateLimit-Remaining: 2\r\n"), 0U);
}

TEST_F(TwoVerdictsTest, AnEmptyOneChangesNothing) {
  Policy shadow = test::fixed("user", 10, minutes(1));
  shadow.shadow = true;
  use({global(), shadow});
  EXPECT_EQ(fields_after(1),
            "X-RateLimit-Limit: 100\r\n"
            "X-RateLimit-Remaining: 99\r\n"
            "RateLimit-Policy: \"global\";q=100;w=900\r\n"
            "RateLimit: \"global\";r=99;t=900\r\n");
}

}  // namespace
}  // namespace sallyport::rate_limit
