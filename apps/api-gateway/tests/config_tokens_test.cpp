#include <string>

#include <gtest/gtest.h>

#include "config_testing.hpp"
#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {
namespace {

constexpr std::string_view kHead = R"(listen: 127.0.0.1:8080
instances: 1
upstreams: { shop: { hosts: ["127.0.0.1:9000"] } }
issuer: https://id.example.com
audience: https://api.example.com
jwks_url: https://id.example.com/.well-known/jwks.json
rate_limits: { each: { limit: 9, window: 1m, key: user } }
routes:
)";

LoadedConfig load_routes(std::string_view routes) {
  return load_config(std::string(kHead) + std::string(routes), ConfigMode::Production);
}

std::string problems_of_routes(std::string_view routes) {
  return format_problems("f", load_routes(routes).problems);
}

TEST(Tokens, ARouteSaysWhoMayCall) {
  const auto loaded = load_routes(
      "- { path: /a, upstream: shop, auth: none }\n"
      "- { path: /b, upstream: shop, auth: optional, revocation: strict_writes }\n"
      "- { path: /c, upstream: shop, auth: required, rate_limits: [each] }\n"
      "- { path: /d, upstream: shop, auth: required, role: user, revocation: lenient }\n"
      "- { path: /e, upstream: shop, role: admin }\n");
  ASSERT_TRUE(loaded.ok()) << format_problems("f", loaded.problems);
  const auto& routes = loaded.config.routes;
  EXPECT_EQ(routes[0].auth, AuthMode::None);
  EXPECT_EQ(routes[1].auth, AuthMode::Optional);
  EXPECT_EQ(routes[1].revocation, Revocation::StrictWrites);
  EXPECT_EQ(routes[2].auth, AuthMode::Required);
  EXPECT_EQ(routes[2].role, Role::Any);
  EXPECT_EQ(routes[3].role, Role::User);
  EXPECT_EQ(routes[3].revocation, Revocation::Lenient);
  EXPECT_EQ(routes[4].auth, AuthMode::Required) << "a role implies it";
  EXPECT_EQ(routes[4].role, Role::Admin);
  EXPECT_FALSE(routes[4].revocation.has_value());
  EXPECT_TRUE(asks_for_tokens(loaded.config));
}

struct Row {
  const char* name;
  const char* route;
  const char* problem;  ///< what the one message holds; empty: accepted
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name << " " << row.route;
}

class TokenRule : public testing::TestWithParam<Row> {};

TEST_P(TokenRule, Holds) {
  const std::string problems =
      problems_of_routes(std::string("- { path: /a, upstream: shop, ") + GetParam().route + " }\n");
  if (*GetParam().problem == '\0') {
    EXPECT_EQ(problems, "");
  } else {
    EXPECT_NE(problems.find(GetParam().problem), std::string::npos) << problems;
    EXPECT_EQ(problems.find('\n'), problems.size() - 1) << problems;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, TokenRule,
    testing::Values(
        Row{"Nothing", "methods: [GET]", "f:9:3: route lacks the key 'auth' (word: none, optional, required)"},
        Row{"RoleOptional", "auth: optional, role: user", "role: only with auth: required"},
        Row{"RoleNone", "auth: none, role: user", "role: only with auth: required"},
        Row{"UnknownRole", "auth: required, role: root", "role: expected one of user, admin; found 'root'"},
        Row{"UnknownRevocation", "auth: required, revocation: loose",
            "revocation: expected one of strict, strict_writes, lenient; found 'loose'"},
        Row{"RevocationNone", "auth: none, revocation: lenient", "revocation: only where auth is optional or required"},
        Row{"UserPolicyNone", "auth: none, rate_limits: [each]",
            "rate_limits: 'each' counts by user, and with auth: none there is none"},
        Row{"UserPolicyOptional", "auth: optional, rate_limits: [each]", ""}),
    [](const auto& info) { return info.param.name; });

TEST(Tokens, TheirSettingsAreRequiredAsSoonAsARouteAsksForThem) {
  const std::string file =
      "listen: 127.0.0.1:8080\ninstances: 1\nupstreams: { shop: { hosts: ['127.0.0.1:9000'] } }\n"
      "routes: [{ path: /a, upstream: shop, auth: optional }]\n";
  for (const auto mode : {ConfigMode::Production, ConfigMode::Dev}) {
    const std::string problems = problems_of(file, mode);
    for (const char* key : {"'issuer'", "'audience'", "'jwks_url'"}) {
      EXPECT_NE(problems.find(std::string("f: the key ") + key + " is required, since a route asks for tokens"),
                std::string::npos)
          << problems;
    }
  }
  Config base;
  base.issuer = base.audience = "x";
  base.jwks_url = "http://127.0.0.1:1/";
  EXPECT_EQ(problems_of(file, ConfigMode::Dev, base), "");
}

TEST(Tokens, PlainHttpForKeysOffLoopbackMustBeAllowed) {
  const std::string kPlain = "keys would come over plain HTTP off loopback";
  EXPECT_NE(problems_with("jwks_url: http://auth:9001/k\n").find("f:7:11: jwks_url: " + kPlain), std::string::npos);
  EXPECT_EQ(problems_with("jwks_url: http://127.0.0.1:9001/k\n"), "");
  EXPECT_EQ(problems_with("jwks_url: http://localhost:9001/k\n"), "");
  EXPECT_EQ(problems_with("jwks_url: http://auth:9001/k\nallow_plaintext: true\n"), "");
  EXPECT_EQ(problems_of("jwks_url: http://auth:9001/k\n", ConfigMode::Dev), "");
}

TEST(Tokens, SettingsAreReadStrictly) {
  EXPECT_NE(problems_with("jwks_url: ftp://a/\n").find("jwks_url: expected a URL such as"), std::string::npos);
  EXPECT_NE(problems_with("jwks_url: https://u:p@a/\n").find("jwks_url: expected a URL such as"), std::string::npos);
  EXPECT_NE(problems_with("issuer: ''\n").find("issuer: expected a text of 1 to 255 bytes"), std::string::npos);
  EXPECT_NE(problems_with("jwks_refresh: 50ms\n").find("jwks_refresh: expected a duration from 100ms to 1h"),
            std::string::npos);
  EXPECT_NE(problems_with("jwks_ca_file: ca.pem\n").find("jwks_ca_file: expected an absolute path"), std::string::npos);
}

TEST(Tokens, TheBuiltInPoliciesCountBeforeThem) {
  for (const std::string name : {"global", "auth"}) {
    const std::string problems = problems_with("rate_limits: { " + name + ": { key: user } }\n");
    EXPECT_NE(problems.find("key: '" + name + "' must count before a signature is checked"), std::string::npos)
        << problems;
  }
}

}  // namespace
}  // namespace sallyport::api_gateway
