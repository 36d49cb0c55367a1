#include <string>

#include <gtest/gtest.h>

#include "config_testing.hpp"
#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {
namespace {

using namespace std::chrono_literals;
using rate_limit::Policy;

const Policy* find(const Config& config, std::string_view name) {
  for (const Policy& policy : config.rate_limits) {
    if (policy.name == name) return &policy;
  }
  return nullptr;
}

TEST(Policies, GlobalAndAuthExistUnnamed) {
  for (const auto mode : {ConfigMode::Production, ConfigMode::Dev}) {
    const auto loaded = load_config(kMinimal, mode);
    ASSERT_EQ(loaded.config.rate_limits.size(), 2U);
    const Policy& global = loaded.config.rate_limits[0];
    EXPECT_EQ(global.name, "global");
    EXPECT_EQ(global.limit, 100);
    EXPECT_EQ(global.window, 15min);
    EXPECT_EQ(global.key, rate_limit::KeyKind::Address);
    EXPECT_EQ(global.algorithm, rate_limit::Algorithm::Fixed);
    EXPECT_EQ(global.on_store_error, rate_limit::OnStoreError::Local);
    EXPECT_EQ(global.group, rate_limit::Group::Shared);
    const Policy& auth = loaded.config.rate_limits[1];
    EXPECT_EQ(auth.name, "auth");
    EXPECT_EQ(auth.limit, 5);
    EXPECT_EQ(auth.window, 15min);
    EXPECT_EQ(auth.group, rate_limit::Group::Route);
  }
}

TEST(Policies, NamedBuiltInOnesKeepWhatIsLeftOut) {
  const auto loaded =
      load_config(std::string(kMinimal) + "rate_limits: { auth: { limit: 3 }, x: { limit: 1, window: 1s } }",
                  ConfigMode::Production);
  EXPECT_EQ(format_problems("f", loaded.problems), "");
  ASSERT_EQ(loaded.config.rate_limits.size(), 3U);
  EXPECT_EQ(loaded.config.rate_limits[0].name, "global");
  const Policy* auth = find(loaded.config, "auth");
  EXPECT_EQ(auth->limit, 3);
  EXPECT_EQ(auth->window, 15min);
  EXPECT_EQ(auth->group, rate_limit::Group::Route);
}

TEST(Policies, ReadEveryKey) {
  const auto loaded = load_config(std::string(kMinimal) + R"(
rate_limits:
  a: { limit: 10, window: 1m, key: "header:X-Api-Key", algorithm: gcra, burst: 4, cost: 2, group: route,
       on_store_error: deny, shadow: true, shadow_limit: 5, allow_list: [10.0.0.0/8] }
  b: { limit: 10, window: 1m, algorithm: gcra }
  c: { limit: 10, window: 1m, key: route, count: failures, on_store_error: allow }
  d: { limit: 10, window: 1m, algorithm: sliding }
)",
                                  ConfigMode::Production);
  EXPECT_EQ(format_problems("f", loaded.problems), "");
  const Policy* a = find(loaded.config, "a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->key, rate_limit::KeyKind::Header);
  EXPECT_EQ(a->header, "x-api-key");
  EXPECT_EQ(a->algorithm, rate_limit::Algorithm::Gcra);
  EXPECT_EQ(a->burst, 4);
  EXPECT_EQ(a->cost, 2);
  EXPECT_EQ(a->group, rate_limit::Group::Route);
  EXPECT_EQ(a->on_store_error, rate_limit::OnStoreError::Deny);
  EXPECT_TRUE(a->shadow);
  EXPECT_EQ(a->shadow_limit, 5);
  ASSERT_EQ(a->allow_list.size(), 1U);
  EXPECT_EQ(a->allow_list[0].to_string(), "10.0.0.0/8");
  EXPECT_EQ(find(loaded.config, "b")->burst, 10);
  EXPECT_EQ(find(loaded.config, "c")->count, rate_limit::Count::Failures);
  EXPECT_EQ(find(loaded.config, "c")->key, rate_limit::KeyKind::Route);
  EXPECT_EQ(find(loaded.config, "c")->on_store_error, rate_limit::OnStoreError::Allow);
  EXPECT_EQ(find(loaded.config, "d")->algorithm, rate_limit::Algorithm::Sliding);
}

struct Row {
  const char* name;
  const char* policy;   ///< the map of policy `p`
  const char* problem;  ///< what the one message holds; empty: accepted
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name << " " << row.policy;
}

class PolicyRule : public testing::TestWithParam<Row> {};

TEST_P(PolicyRule, Holds) {
  const std::string problems = problems_with(std::string("rate_limits: { p: ") + GetParam().policy + " }");
  if (*GetParam().problem == '\0') {
    EXPECT_EQ(problems, "");
  } else {
    EXPECT_NE(problems.find(GetParam().problem), std::string::npos) << problems;
    EXPECT_EQ(problems.find('\n'), problems.size() - 1) << problems;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, PolicyRule,
    testing::Values(
        Row{"LimitMissing", "{ window: 1s }",
            "f:7:19: rate limit 'p' lacks the key 'limit' (integer: 1 to 9007199254740991)"},
        Row{"WindowMissing", "{ limit: 1 }", "rate limit 'p' lacks the key 'window' (duration: 1s to 366d)"},
        Row{"ZeroLimit", "{ limit: 0, window: 1s }", "limit: expected a whole number from 1"},
        Row{"ShortWindow", "{ limit: 1, window: 999ms }", "window: expected a duration from 1s"},
        Row{"CostAtLimit", "{ limit: 3, window: 1s, cost: 3 }", ""},
        Row{"CostAboveLimit", "{ limit: 3, window: 1s, cost: 4 }", "f:7:49: cost: 4 is above the limit of 3"},
        Row{"ProductBelow", "{ limit: 9007199254740, window: 1s }", ""},
        Row{"ProductAbove", "{ limit: 9007199254741, window: 1s }", "f:7:28: limit: limit x window"},
        Row{"ProductWraps", "{ limit: 9007199254740991, window: 366d }", "limit: limit x window"},
        Row{"ShadowProduct", "{ limit: 1, window: 1s, shadow_limit: 9007199254741 }", "shadow_limit x window"},
        Row{"FailuresFixed", "{ limit: 1, window: 1s, count: failures, algorithm: fixed }", ""},
        Row{"FailuresSliding", "{ limit: 1, window: 1s, count: failures, algorithm: sliding }", "'failures' only with"},
        Row{"FailuresGcra", "{ limit: 1, window: 1s, count: failures, algorithm: gcra }", "'failures' only with"},
        Row{"BurstFixed", "{ limit: 1, window: 1s, burst: 1 }", "burst: only with algorithm: gcra"},
        Row{"BurstSliding", "{ limit: 1, window: 1s, algorithm: sliding, burst: 1 }", "burst: only with"},
        Row{"BurstGcra", "{ limit: 1, window: 1s, algorithm: gcra, burst: 10 }", ""},
        Row{"CostAboveBurst", "{ limit: 9, window: 1s, algorithm: gcra, burst: 2, cost: 3 }", "above the burst of 2"},
        Row{"BurstTooLong", "{ limit: 1, window: 1d, algorithm: gcra, burst: 367 }", "more than 366 days"},
        Row{"GcraTooFine", "{ limit: 1000001, window: 1s, algorithm: gcra }", "one request a microsecond"},
        Row{"GcraFinest", "{ limit: 1000000, window: 1s, algorithm: gcra }", ""},
        Row{"User", "{ limit: 1, window: 1s, key: user }", ""},
        Row{"HeaderWithoutName", "{ limit: 1, window: 1s, key: 'header:' }",
            "key: expected address, user, header:NAME or route"},
        Row{"HeaderWithSpace", "{ limit: 1, window: 1s, key: 'header:a b' }", "key: expected address"},
        Row{"UnknownKey", "{ limit: 1, window: 1s, key: ip }", "key: expected address"},
        Row{"UnknownAlgorithm", "{ limit: 1, window: 1s, algorithm: token }",
            "algorithm: expected one of fixed, sliding, gcra"},
        Row{"UnknownName", "{ limit: 1, window: 1s, limt: 2 }", "unknown key 'limt'; did you mean 'limit'?"},
        Row{"BadAllowList", "{ limit: 1, window: 1s, allow_list: [10.0.0.1/8] }",
            "allow_list: expected an address block"},
        Row{"NotAMap", "5", "rate limit 'p': expected a map of keys; found '5'"},
        Row{"Null", "~", "rate limit 'p': expected a map of keys; found nothing"}),
    [](const auto& info) { return info.param.name; });

TEST(Policies, NamesAreFitForFieldsAndKeys) {
  EXPECT_EQ(problems_with("rate_limits: { a_b-1: { limit: 1, window: 1s } }"), "");
  for (const std::string name : {"A", "a b", "'a{b}'", "ä", "''", "abcdefghijklmnopqrstuvwxyz0123456"}) {
    EXPECT_NE(
        problems_with("rate_limits: { " + name + ": { limit: 1, window: 1s } }").find("f:7:16: rate_limits: expected"),
        std::string::npos)
        << name;
  }
}

TEST(Policies, SwitchingOffTakesThePolicyAndItsUses) {
  const auto loaded = load_config(R"(listen: 127.0.0.1:8080
upstreams: { a: { hosts: ["127.0.0.1:1"] } }
rate_limits_off: [global, auth]
routes: [{ path: /auth/login, upstream: a, auth: none, rate_limits: [auth] }]
)",
                                  ConfigMode::Production);
  EXPECT_TRUE(loaded.ok()) << format_problems("f", loaded.problems);
  EXPECT_EQ(loaded.problems.size(), 2U);
  EXPECT_TRUE(loaded.config.rate_limits.empty());
  EXPECT_TRUE(loaded.config.routes.at(0).rate_limits.empty());
}

TEST(Policies, OnlyBuiltInOnesCanBeSwitchedOff) {
  EXPECT_NE(problems_with("rate_limits_off: [shop]").find("f:7:19: rate_limits_off: expected global or auth"),
            std::string::npos);
}

TEST(Policies, ShadowOfABuiltInOneIsWarnedAbout) {
  EXPECT_EQ(problems_with("rate_limits: { auth: { shadow: true } }"),
            "f:7:32: warning: shadow: 'auth' denies nothing\n");
}

}  // namespace
}  // namespace sallyport::api_gateway
