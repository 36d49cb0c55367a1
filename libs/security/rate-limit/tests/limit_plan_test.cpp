#include "sallyport/rate_limit/limit_plan.hpp"

#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policies.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class LimitPlanTest : public testing::Test {
 protected:
  LimitPlan plan(std::vector<const Policy*> policies, std::string_view route = "/auth/login",
                 LimitSettings settings = {}) {
    return LimitPlan(policies, route, settings, metrics_);
  }

  metrics::Registry registry_;
  LimiterMetrics metrics_{registry_, {}};
  Policy global_ = test::fixed("global", 100, minutes(15));
  Policy auth_ = [] {
    Policy policy = test::fixed("auth", 5, minutes(15));
    policy.group = Group::Route;
    return policy;
  }();
};

TEST_F(LimitPlanTest, KeysNamePolicyRouteAlgorithmAndWindow) {
  const LimitPlan made = plan({&global_, &auth_});
  EXPECT_EQ(made.key_head(), "sp:rl:{");
  EXPECT_EQ(made.buckets()[0].key_tail, "}:global:fixed:900000");
  EXPECT_EQ(made.buckets()[1].key_tail, "}:auth:/auth/login:fixed:900000");
}

TEST_F(LimitPlanTest, GroupsByIdentityWithTheAddressFirst) {
  Policy route = test::gcra("route", 10, seconds(1), 10);
  route.key = KeyKind::Route;
  Policy key = test::sliding("key", 10, seconds(1));
  key.key = KeyKind::Header;
  key.header = "x-api-key";
  Policy same_key = test::fixed("same-key", 10, seconds(1));
  same_key.key = KeyKind::Header;
  same_key.header = "x-api-key";
  Policy tenant = test::fixed("tenant", 10, seconds(1));
  tenant.key = KeyKind::Header;
  tenant.header = "x-tenant";
  const LimitPlan made = plan({&route, &key, &global_, &tenant, &same_key, &auth_});
  std::vector<std::string> names;
  for (const Bucket& bucket : made.buckets()) names.push_back(bucket.policy->name);
  EXPECT_THAT(names, testing::ElementsAre("global", "auth", "key", "same-key", "tenant", "route"));
  std::vector<int> sizes;
  for (const LimitPlan::Group& group : made.groups()) sizes.push_back(group.size);
  EXPECT_THAT(sizes, testing::ElementsAre(2, 2, 1, 1));
  EXPECT_EQ(made.buckets()[5].key_tail, "}:route:gcra:1000");
}

TEST_F(LimitPlanTest, LocalShareRoundsUpAndCoversTheCost) {
  Policy dear = test::fixed("dear", 10, seconds(1));
  dear.cost = 6;
  const LimitPlan made = plan({&global_, &auth_, &dear}, "/", {.instances = 3});
  EXPECT_EQ(made.buckets()[0].local_limit, 34);
  EXPECT_EQ(made.buckets()[1].local_limit, 2);
  EXPECT_EQ(made.buckets()[2].local_limit, 6) << "a smaller share would refuse every request";
}

TEST_F(LimitPlanTest, PolicyLineLeavesShadowPoliciesOut) {
  Policy shadow = test::fixed("trial", 1, seconds(1));
  shadow.shadow = true;
  EXPECT_EQ(plan({&global_, &shadow, &auth_}).policy_line(),
            "RateLimit-Policy: \"global\";q=100;w=900, \"auth\";q=5;w=900\r\n");
  EXPECT_EQ(plan({&shadow}).policy_line(), "");
  EXPECT_EQ(plan({}).policy_line(), "");
}

TEST_F(LimitPlanTest, RefusesWhatCannotWork) {
  EXPECT_THROW(plan({&global_, &global_}), std::invalid_argument);
  EXPECT_THROW(plan({&global_}, "/", {.key_prefix = "a{b}"}), std::invalid_argument);
  EXPECT_THROW(plan({&global_}, "/", {.key_prefix = std::string(33, 'p')}), std::invalid_argument);
  EXPECT_THROW(plan({&global_}, "/", {.ipv6_prefix = 0}), std::invalid_argument);
  EXPECT_THROW(plan({&global_}, "/", {.instances = 0}), std::invalid_argument);
  Policy dear = global_;
  dear.cost = 101;
  EXPECT_THROW(plan({&dear}), std::invalid_argument);
  Policy failures = test::gcra("g", 5, seconds(1), 5);
  failures.count = Count::Failures;
  EXPECT_THROW(plan({&failures}), std::invalid_argument);
  std::vector<Policy> nine(9, global_);
  std::vector<const Policy*> pointers;
  for (std::size_t i = 0; i < nine.size(); ++i) {
    nine[i].name += std::to_string(i);
    pointers.push_back(&nine[i]);
  }
  EXPECT_THROW(plan(pointers), std::invalid_argument);
}

TEST(RouteId, EncodesWhatCouldBreakAKey) {
  EXPECT_EQ(encode_route_id("/api/v1.0/users/*"), "/api/v1.0/users/*");
  EXPECT_EQ(encode_route_id("/a{b}:c~\r\n"), "/a%7bb%7d%3ac%7e%0d%0a");
  EXPECT_EQ(encode_route_id("\xc3\xa9"), "%c3%a9");
}

TEST(RouteId, StaysShortAndApart) {
  const std::string one = encode_route_id(std::string(500, 'a') + "1");
  const std::string two = encode_route_id(std::string(500, 'a') + "2");
  EXPECT_EQ(one.size(), 48U);
  EXPECT_NE(one, two);
  EXPECT_EQ(encode_route_id(std::string(48, 'a')), std::string(48, 'a'));
  EXPECT_NE(encode_route_id(one), one) << "nobody can name a route like a shortened one";
}

struct HostileValue {
  const char* name;
  std::string value;
};

TEST(HeaderIdentity, HasFixedFormWhateverTheClientSends) {
  const HostileValue rows[] = {{"plain", "alice"},
                               {"closes the brace", "a}:global:fixed:900000"},
                               {"line ends", "a\r\nDEL x\r\n"},
                               {"zero bytes", std::string("a\0b", 3)},
                               {"a megabyte", std::string(1U << 20U, 'x')},
                               {"not UTF-8", "\xff\xfe"}};
  std::vector<std::string> seen;
  for (const HostileValue& row : rows) {
    std::string identity;
    append_header_identity(identity, "x-api-key", row.value);
    EXPECT_THAT(identity, testing::MatchesRegex("h:[0-9a-f]+")) << row.name;
    EXPECT_EQ(identity.size(), 34U) << row.name;
    EXPECT_THAT(seen, testing::Not(testing::Contains(identity))) << row.name;
    seen.push_back(identity);
  }
}

TEST(HeaderIdentity, IsTheSameOnEveryInstanceAndOwnToItsHeader) {
  std::string a;
  std::string b;
  append_header_identity(a, "x-api-key", "alice");
  append_header_identity(b, "x-tenant", "alice");
  EXPECT_NE(a, b);
  // printf 'x-api-key\0alice' | sha256sum
  EXPECT_EQ(a, "h:8ed7e0a724469b9ac5285baaafe02b2a");
}

TEST(UserIdentity, IsTheSameOnEveryInstanceAndOwnToItsIssuer) {
  std::string a;
  std::string b;
  append_user_identity(a, "https://id", "alice");
  append_user_identity(b, "https://i", "dalice");
  EXPECT_NE(a, b);
  // printf 'https://id\0alice' | sha256sum
  EXPECT_EQ(a, "u:c03af5a93e75fe19d27078b6966b5f4b");
}

}  // namespace
}  // namespace sallyport::rate_limit
