#include "sallyport/auth_service/auth_config.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::auth_service {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr std::string_view kLeast = "listen: 127.0.0.1:0\nissuer: https://a.example\naudience: api\n";

std::string problems_of(const std::string& text) {
  return service::format_problems("auth.yaml", load_auth_config(text).problems);
}

TEST(AuthConfig, NeedsLittle) {
  const auto loaded = load_auth_config(kLeast);
  EXPECT_EQ(format_problems("f", loaded.problems), "");
  ASSERT_EQ(loaded.config.common.listen.size(), 1U);
  EXPECT_EQ(loaded.config.common.listen[0].address.to_string(), "127.0.0.1");
  EXPECT_EQ(loaded.config.common.issuer, "https://a.example");
  EXPECT_EQ(loaded.config.access_ttl, 15min);
  EXPECT_EQ(loaded.config.common.trusted_gateways.size(), 2U);
  EXPECT_FALSE(loaded.config.common.allow_plaintext);
}

TEST(AuthConfig, ReadsAllItsKeys) {
  const auto loaded = load_auth_config(R"(# everything
listen: ["127.0.0.1:9001", "[::1]:9002"]
threads: auto
issuer: "https://a.example"
audience: api
access_ttl: 5m
refresh_ttl: 7d
session_max: 14d
refresh_grace: 10s
trusted_gateways: [10.1.0.0/16]
origins: [https://app.example.com, "http://localhost:3000"]
redis_key_prefix: "x:"
allow_plaintext: true
database_connections: 4
instances: 3
log_sql: false
log_level: warn
access_log: false
drain: 0s
shutdown_timeout: 2s
)");
  EXPECT_EQ(format_problems("f", loaded.problems), "");
  const AuthConfig& config = loaded.config;
  ASSERT_EQ(config.common.listen.size(), 2U);
  EXPECT_EQ(config.common.listen[1].port, 9002);
  EXPECT_EQ(config.common.threads, 0U);
  EXPECT_EQ(config.access_ttl, 5min);
  EXPECT_EQ(config.lifetimes.refresh_ttl, std::chrono::days(7));
  EXPECT_EQ(config.lifetimes.session_max, std::chrono::days(14));
  EXPECT_EQ(config.lifetimes.refresh_grace, 10s);
  ASSERT_EQ(config.common.trusted_gateways.size(), 1U);
  EXPECT_EQ(config.common.trusted_gateways[0].to_string(), "10.1.0.0/16");
  EXPECT_EQ(config.origins.size(), 2U);
  EXPECT_EQ(config.common.redis_key_prefix, "x:");
  EXPECT_TRUE(config.common.allow_plaintext);
  EXPECT_EQ(config.common.database_connections, 4U);
  EXPECT_EQ(config.common.instances, 3U);
  EXPECT_EQ(config.common.log_level, log::Level::Warn);
  EXPECT_FALSE(config.common.access_log);
  EXPECT_EQ(config.common.drain, 0ms);
  EXPECT_EQ(config.common.shutdown_timeout, 2s);
}

TEST(AuthConfig, TrustsNobodyWhenTheFileSaysSo) {
  EXPECT_TRUE(load_auth_config(std::string(kLeast) + "trusted_gateways: []\n").config.common.trusted_gateways.empty());
}

TEST(AuthConfig, TellsAllProblemsAtOnceWithTheirPlaces) {
  EXPECT_EQ(problems_of("listen: 127.0.0.1\nissuer: a\nacess_ttl: 5m\naccess_ttl: 5\nissuer: b\n"),
            "auth.yaml: the key 'audience' is missing\n"
            "auth.yaml:1:9: listen: expected an IP address and a port, such as 127.0.0.1:9001 or [::1]:9001, found "
            "'127.0.0.1'\n"
            "auth.yaml:3:1: unknown key 'acess_ttl'\n"
            "auth.yaml:4:13: access_ttl: expected a duration from 1s to 1d in whole seconds, found '5'\n"
            "auth.yaml:5:1: key 'issuer' stands twice\n");
}

struct Wrong {
  const char* line;
  const char* said;
};

TEST(AuthConfig, RefusesWhatItCannotMean) {
  const Wrong rows[] = {
      {"threads: 0", "threads: expected auto or a number from 1 to 64"},
      {"threads: 010", "threads:"},
      {"threads: [1]", "one value, not a list"},
      {"access_ttl: 1500ms", "whole seconds"},
      {"refresh_ttl: 400d", "refresh_ttl:"},
      {"refresh_grace: 2m", "refresh_grace:"},
      {"refresh_ttl: 31d", "session_max is shorter than refresh_ttl"},
      {"trusted_gateways: [10.0.0.1/8]", "an address block"},
      {"origins: [\"*\"]", "an origin"},
      {"origins: [https://a.example/]", "an origin"},
      {"origins: [https://a.example:443]", "an origin"},
      {"redis_key_prefix: \"a{b\"", "redis_key_prefix:"},
      {"allow_plaintext: yes", "true or false"},
      {"log_level: loud", "log_level:"},
      {"instances: 0", "instances: expected a number from 1 to 1000"},
      {"log_sql: true", "log_sql: expected false: statements are logged by"},
      {"drain: {a: 1}", "a map cannot stand here"},
      {"drain: &a 1s", "anchors"},
      {"drain: !!str 1s", "tags"},
      {"drain: [[1s]]", "a list cannot stand here"},
      {"---\na: 1", "a second YAML document"},
      {"drain: \"\x01\"", "control character"},
      {"drain: [", "not valid YAML"},
      {"drain:", "drain:"},
  };
  for (const Wrong& row : rows) {
    EXPECT_THAT(problems_of(std::string(kLeast) + row.line + "\n"), HasSubstr(row.said)) << row.line;
  }
  for (const char* text : {"", "[]", "x", "- a\n", "null"}) EXPECT_NE(problems_of(text), "") << text;
}

TEST(AuthConfig, SurvivesDeepNesting) {
  EXPECT_NE(problems_of("listen: " + std::string(2000, '[')), "");
  EXPECT_NE(problems_of(std::string(100'000, ' ')), "");
}

}  // namespace
}  // namespace sallyport::auth_service
