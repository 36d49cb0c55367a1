#include "limit_target.hpp"

#include <string>

#include <gtest/gtest.h>
#include <boost/json/parse.hpp>

namespace sallyport::admin_service {
namespace {

using rate_limit::CounterState;
using rate_limit::KeyKind;

constexpr const char* kUser = "01a20cb9-27d0-712e-93d7-4e2c3764153f";
constexpr const char* kApiKey = "sk-0123456789abcdef";

rate_limit::Policy policy(std::string name, KeyKind key, std::string header = "") {
  rate_limit::Policy out;
  out.name = std::move(name);
  out.limit = 5;
  out.window = std::chrono::milliseconds(90'500);
  out.key = key;
  out.header = std::move(header);
  return out;
}

rate_limit::LimitCatalog catalog() {
  rate_limit::LimitCatalog out;
  out.issuer = "https://id.example.com";
  out.policies = {policy("global", KeyKind::Address),
                  policy("auth", KeyKind::Address),
                  policy("users", KeyKind::User),
                  policy("keys", KeyKind::Header, "x-api-key"),
                  policy("more", KeyKind::Header, "x-api-key"),
                  policy("other", KeyKind::Header, "x-other")};
  out.policies[1].group = rate_limit::Group::Route;
  out.uses = {{0, ""}, {1, "/auth/login"}, {1, "/auth/refresh"}, {2, ""}, {3, ""}, {4, ""}, {5, ""}};
  return out;
}

std::vector<CounterState> states_of(const LimitTarget& target, std::int64_t used) {
  std::vector<CounterState> out;
  for (const auto& counter : target.counters) {
    out.push_back(
        {counter, {.remaining = 5 - used, .reset = std::chrono::milliseconds(used > 0 ? 1001 : 0), .used = used}});
  }
  return out;
}

/// "name name:route …" of the answer's policies.
std::string shown(const std::string& json) {
  std::string out;
  for (const auto& state : boost::json::parse(json).at("policies").as_array()) {
    out += (out.empty() ? "" : " ") + std::string(state.at("name").as_string());
    if (state.at("route").is_string()) out += ":" + std::string(state.at("route").as_string());
  }
  return out;
}

TEST(LimitTarget, NamesCallersAsTheyAreCounted) {
  const auto limits = catalog();
  struct Row {
    const char *kind, *value, *counted;
    std::size_t counters;
  };
  const Row rows[] = {
      {"ip", "203.0.113.7", "203.0.113.7", 7},          {"ip", "::ffff:203.0.113.7", "203.0.113.7", 7},
      {"ip", "2001:DB8:0:1::5", "2001:db8:0:1::", 7},   {"user", kUser, kUser, 1},
      {"header", "  sk-0123456789abcdef ", kApiKey, 3},
  };
  for (const Row& row : rows) {
    const auto target = find_target(limits, row.kind, row.value);
    ASSERT_TRUE(target.has_value()) << row.value;
    EXPECT_EQ(target->value, row.counted);
    EXPECT_EQ(target->counters.size(), row.counters) << row.value;
    EXPECT_EQ(target->user.has_value(), std::string(row.kind) == "user");
  }
}

TEST(LimitTarget, RefusesValuesThatAreNone) {
  const auto limits = catalog();
  struct Row {
    const char *kind, *value;
  };
  const Row rows[] = {{"ip", "203.0.113"},   {"ip", "203.0.113.7:80"},    {"ip", "10.0.0.0/8"}, {"ip", "localhost"},
                      {"ip", " 10.0.0.1"},   {"ip", "010.0.0.1"},         {"ip", "[::1]"},      {"user", "1"},
                      {"user", "203.0.1.7"}, {"user", "ada@example.com"}, {"header", " "},      {"header", "   "}};
  for (const Row& row : rows) {
    const auto target = find_target(limits, row.kind, row.value);
    ASSERT_FALSE(target.has_value()) << row.value;
    EXPECT_EQ(target.error().pointer, "/query/value");
    EXPECT_EQ(target.error().code, "format");
  }
}

TEST(LimitTarget, TracesAHeaderByWhatStandsInTheStore) {
  const auto limits = catalog();
  const auto target = find_target(limits, "header", kApiKey).value();
  EXPECT_EQ(target.trace.find(kApiKey), std::string::npos);
  EXPECT_EQ(target.trace, target.counters[0].identity + " " + target.counters[2].identity) << "each field once";
  EXPECT_EQ(find_target(limits, "ip", "203.0.113.7")->trace, "203.0.113.7");
  EXPECT_EQ(find_target(limits, "user", kUser)->trace, kUser);
}

TEST(LimitsJson, SaysWhatTheContractSays) {
  const auto limits = catalog();
  const auto target = find_target(limits, "user", kUser).value();
  EXPECT_EQ(limits_json(target, states_of(target, 3)),
            "{\"kind\":\"user\",\"value\":\"01a20cb9-27d0-712e-93d7-4e2c3764153f\",\"policies\":[{\"name\":\"users\","
            "\"route\":null,\"algorithm\":\"fixed\",\"limit\":5,\"window_seconds\":91,\"used\":3,\"remaining\":2,"
            "\"reset_seconds\":2}]}\n");
}

TEST(LimitsJson, ShowsFallbacksOnceTheyHaveCounted) {
  const auto limits = catalog();
  const auto target = find_target(limits, "ip", "203.0.113.7").value();
  auto states = states_of(target, 0);
  EXPECT_EQ(shown(limits_json(target, states)), "global auth:/auth/login auth:/auth/refresh");
  states[3].usage.used = 1;
  EXPECT_EQ(shown(limits_json(target, states)), "global auth:/auth/login auth:/auth/refresh users");
}

TEST(LimitsJson, KeepsWhatHasCountedWhenThereIsTooMuch) {
  auto limits = catalog();
  limits.uses.clear();
  for (int i = 0; i < 300; ++i) limits.uses.push_back({1, "/r" + std::to_string(i)});
  const auto target = find_target(limits, "ip", "203.0.113.7").value();
  auto states = states_of(target, 0);
  states[299].usage.used = 2;
  EXPECT_EQ(shown(limits_json(target, states)), "auth:/r299");
  for (CounterState& state : states) state.usage.used = 1;
  EXPECT_EQ(boost::json::parse(limits_json(target, states)).at("policies").as_array().size(), 256U);
}

TEST(UsedText, TellsOnlyWhatWasUsed) {
  const auto limits = catalog();
  const auto target = find_target(limits, "ip", "203.0.113.7").value();
  auto states = states_of(target, 0);
  EXPECT_EQ(used_text(states), "nothing");
  states[0].usage.used = 37;
  states[1].usage.used = 5;
  EXPECT_EQ(used_text(states), "global 37, auth /auth/login 5");
  const std::vector<CounterState> many(2000, states[1]);
  EXPECT_LT(used_text(many).size(), 5000U) << "an audit event has its limits";
  EXPECT_TRUE(used_text(many).ends_with(", and more"));
}

}  // namespace
}  // namespace sallyport::admin_service
