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
)";

constexpr std::string_view kPartner =
    "issuers: [{ name: partner, issuer: 'https://p.test', audience: us, jwks_url: 'https://p.test/k' }]\n";

LoadedConfig load(std::string_view more) {
  return load_config(std::string(kHead) + std::string(more), ConfigMode::Production);
}

std::string problems_of_route(std::string_view route) {
  return format_problems(
      "f", load(std::string(kPartner) + "routes: [{ upstream: shop, " + std::string(route) + " }]\n").problems);
}

TEST(Issuers, ReadEveryKey) {
  const auto loaded = load(
      "issuers:\n"
      "- { name: partner, issuer: 'https://p.test/', audience: us, jwks_url: 'https://p.test:8443/keys',\n"
      "    ca_file: /etc/ssl/p.pem, roles: { ops: admin, 'Read Only': user } }\n"
      "- { name: other, issuer: o, audience: us, jwks_url: 'https://o.test/k' }\n"
      "routes:\n"
      "- { path: /a/*, upstream: shop, auth: required, issuers: [other, partner] }\n"
      "- { path: /b/*, upstream: shop, role: admin, issuers: [partner] }\n"
      "- { path: /auth/*, upstream: shop, auth: none }\n");
  ASSERT_TRUE(loaded.ok()) << format_problems("f", loaded.problems);
  ASSERT_EQ(loaded.config.issuers.size(), 2U);
  const IssuerConfig& partner = loaded.config.issuers[0];
  EXPECT_EQ(partner.name, "partner");
  EXPECT_EQ(partner.issuer, "https://p.test/");
  EXPECT_EQ(partner.audience, "us");
  EXPECT_EQ(partner.jwks_url, "https://p.test:8443/keys");
  EXPECT_EQ(partner.ca_file, "/etc/ssl/p.pem");
  EXPECT_EQ(partner.roles,
            (std::vector<std::pair<std::string, Role>>{{"ops", Role::Admin}, {"Read Only", Role::User}}));
  EXPECT_TRUE(loaded.config.issuers[1].roles.empty());
  EXPECT_EQ(loaded.config.routes[0].issuers, (std::vector<std::string>{"other", "partner"}));
}

TEST(Issuers, NeverCountWhereAccountsMoneyAndAdministrationAre) {
  for (const std::string path : {"/auth", "/auth/*", "/auth/login", "/auth/me/*", "/payments", "/payments/*",
                                 "/payments/x/y", "/admin", "/admin/*", "/admin/users/*", "/ADMIN/x", "/*"}) {
    const std::string problems = problems_of_route("path: " + path + ", auth: required, issuers: [partner]");
    EXPECT_NE(problems.find("takes our own tokens only, and /"), std::string::npos) << path << ": " << problems;
  }
  for (const std::string path : {"/authors/*", "/auth-x", "/administration/*", "/shop/admin/*", "/payment/*", "/"}) {
    EXPECT_EQ(problems_of_route("path: " + path + ", auth: required, issuers: [partner]"), "") << path;
  }
}

TEST(Issuers, AreForRoutesThatAskForTokensAndKnowThem) {
  EXPECT_NE(problems_of_route("path: /a, auth: none, issuers: [partner]")
                .find("issuers: only where auth is optional or required"),
            std::string::npos);
  EXPECT_NE(problems_of_route("path: /a, auth: required, issuers: [partnr]")
                .find("issuers: no issuer is called 'partnr'; did you mean 'partner'?"),
            std::string::npos);
  EXPECT_NE(problems_of_route("path: /a, auth: required, issuers: partner").find("issuers: expected a list"),
            std::string::npos);
}

struct Row {
  const char* name;
  const char* issuer;
  const char* problem;
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name << " " << row.issuer;
}

class IssuerRule : public testing::TestWithParam<Row> {};

TEST_P(IssuerRule, Holds) {
  const std::string text =
      "issuers: [" + std::string(GetParam().issuer) + "]\nroutes: [{ path: /a, upstream: shop, auth: required }]\n";
  const std::string problems = format_problems("f", load(text).problems);
  EXPECT_NE(problems.find(GetParam().problem), std::string::npos) << problems;
  EXPECT_EQ(problems.find('\n'), problems.size() - 1) << problems;
}

INSTANTIATE_TEST_SUITE_P(
    Table, IssuerRule,
    testing::Values(
        Row{"PlainHttp", "{ name: p, issuer: i, audience: a, jwks_url: 'http://127.0.0.1/k' }",
            "jwks_url: expected a URL such as https://login.example.net/keys"},
        Row{"NoKeys", "{ name: p, issuer: i, audience: a }", "issuer lacks the key 'jwks_url'"},
        Row{"NoAudience", "{ name: p, issuer: i, jwks_url: 'https://p/k' }", "issuer lacks the key 'audience'"},
        Row{"OurOwn", "{ name: p, issuer: 'https://id.example.com', audience: a, jwks_url: 'https://p/k' }",
            "issuer: 'p' has that of our own tokens"},
        Row{"SameName",
            "{ name: p, issuer: i, audience: a, jwks_url: 'https://p/k' }, "
            "{ name: p, issuer: j, audience: a, jwks_url: 'https://p/k' }",
            "name: the issuer 'p' stands twice"},
        Row{"SameIssuer",
            "{ name: p, issuer: i, audience: a, jwks_url: 'https://p/k' }, "
            "{ name: q, issuer: i, audience: b, jwks_url: 'https://p/k' }",
            "issuer: 'p' has it already"},
        Row{"UnknownRole", "{ name: p, issuer: i, audience: a, jwks_url: 'https://p/k', roles: { ops: root } }",
            "roles: expected user or admin; found 'root'"},
        Row{"RolesAsList", "{ name: p, issuer: i, audience: a, jwks_url: 'https://p/k', roles: [ops] }",
            "roles: expected a map, such as { ops: admin }"},
        Row{"RelativeFile", "{ name: p, issuer: i, audience: a, jwks_url: 'https://p/k', ca_file: p.pem }",
            "ca_file: expected an absolute path"},
        Row{"UnknownKey", "{ name: p, issuer: i, audience: a, jwks_url: 'https://p/k', role: admin }",
            "unknown key 'role'"}),
    [](const auto& info) { return info.param.name; });

TEST(UpstreamTls, ReadsItsKeys) {
  const auto loaded = load_config(
      "upstreams:\n"
      "  a: { hosts: ['Shop.internal:443', 'shop.internal:444'], tls: true }\n"
      "  b: { hosts: ['10.0.0.1:443', '10.0.0.2:443'], tls: true, server_name: Shop.example, ca_file: /etc/ca.pem }\n"
      "  c: { hosts: ['[::1]:443'], tls: true }\n"
      "  d: { hosts: ['a:1', 'b:1'] }\n",
      ConfigMode::Dev);
  ASSERT_TRUE(loaded.ok()) << format_problems("f", loaded.problems);
  const auto& upstreams = loaded.config.upstreams;
  EXPECT_TRUE(upstreams[0].tls);
  EXPECT_EQ(upstreams[0].server_name, "shop.internal");
  EXPECT_EQ(upstreams[1].server_name, "shop.example");
  EXPECT_EQ(upstreams[1].ca_file, "/etc/ca.pem");
  EXPECT_EQ(upstreams[2].server_name, "::1");
  EXPECT_FALSE(upstreams[3].tls);
  EXPECT_EQ(upstreams[3].server_name, "");
}

TEST(UpstreamTls, IsReadStrictly) {
  const auto problems = [](std::string_view upstream) {
    return problems_of("upstreams: { a: " + std::string(upstream) + " }", ConfigMode::Dev);
  };
  EXPECT_EQ(problems("{ hosts: ['a:1', 'b:1'], tls: true }"),
            "f:1:26: server_name: required with tls: true when the hosts differ\n");
  EXPECT_EQ(problems("{ hosts: ['a:1'], ca_file: /ca.pem }"), "f:1:44: ca_file: only with tls: true\n");
  EXPECT_EQ(problems("{ hosts: ['a:1'], tls: false, server_name: a }"), "f:1:60: server_name: only with tls: true\n");
  EXPECT_NE(problems("{ hosts: ['a:1'], tls: true, server_name: 'a:1' }").find("server_name: expected a host name"),
            std::string::npos);
  EXPECT_NE(problems("{ hosts: ['https://a:1'] }").find("for TLS set tls: true beside hosts"), std::string::npos);
}

TEST(UpstreamTls, NeedsNoLeaveForSignInOffLoopback) {
  const auto file = [](std::string_view tls) {
    return problems_of("listen: 127.0.0.1:8080\ninstances: 1\nupstreams: { auth: { hosts: ['10.0.0.5:80']" +
                       std::string(tls) + " } }\nroutes: [{ path: /auth/*, upstream: auth, auth: none }]\n");
  };
  EXPECT_NE(file("").find("allow_plaintext"), std::string::npos);
  EXPECT_EQ(file(", tls: true"), "");
}

}  // namespace
}  // namespace sallyport::api_gateway
