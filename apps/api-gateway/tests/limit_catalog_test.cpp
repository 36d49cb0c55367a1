#include "sallyport/api_gateway/limit_catalog.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::api_gateway {
namespace {

constexpr const char* kUpstreams =
    "upstreams:\n"
    "  one: { hosts: [\"127.0.0.1:9001\"] }\n"
    "issuer: https://id.example.com\n"
    "audience: https://api.example.com\n"
    "jwks_url: http://127.0.0.1:9001/jwks.json\n";

rate_limit::LimitCatalog catalog_of(const std::string& yaml) {
  const LoadedConfig loaded = load_config(kUpstreams + yaml, ConfigMode::Dev);
  EXPECT_TRUE(loaded.ok()) << format_problems("f", loaded.problems);
  return limit_catalog(loaded.config);
}

/// "global auth:/auth/login …"
std::string uses_of(const rate_limit::LimitCatalog& catalog) {
  std::string out;
  for (const auto& use : catalog.uses) {
    out += (out.empty() ? "" : " ") + catalog.policies[use.policy].name + (use.route.empty() ? "" : ":" + use.route);
  }
  return out;
}

TEST(GatewayLimitCatalog, HasTheBuiltInPoliciesOnTheirPaths) {
  const auto catalog = catalog_of("redis_key_prefix: 'x:'\nipv6_prefix: 56\n");
  EXPECT_EQ(uses_of(catalog), "global auth:/auth/login auth:/auth/register auth:/auth/refresh");
  EXPECT_EQ(catalog.settings.key_prefix, "x:");
  EXPECT_EQ(catalog.settings.ipv6_prefix, 56U);
  EXPECT_EQ(catalog.issuer, "https://id.example.com");
}

TEST(GatewayLimitCatalog, NamesEveryRouteThatCountsAlone) {
  struct Row {
    const char* name;
    std::string yaml;
    const char* uses;
  };
  const Row rows[] = {
      {"a policy that no route names counts nothing", "rate_limits: { extra: { limit: 1, window: 1m } }\n",
       "global auth:/auth/login auth:/auth/register auth:/auth/refresh"},
      {"shared by two routes",
       "rate_limits_off: [auth]\nrate_limits: { extra: { limit: 1, window: 1m } }\n"
       "routes:\n  - { path: /a, upstream: one, auth: none, rate_limits: [extra] }\n"
       "  - { path: /b/*, upstream: one, auth: none, rate_limits: [extra] }\n",
       "global extra"},
      {"one bucket a route, also for routes of users",
       "rate_limits_off: [auth]\n"
       "rate_limits: { extra: { limit: 1, window: 1m, group: route }, mine: { limit: 1, window: 1m, key: user, group: "
       "route } }\n"
       "routes:\n  - { path: /a, upstream: one, auth: none, rate_limits: [extra] }\n"
       "  - { path: /b/*, upstream: one, auth: required, rate_limits: [extra, mine] }\n"
       "  - { path: /b/c, upstream: one, auth: none }\n",
       "global extra:/a extra:/b/* mine:/b/*"},
      {"routes that share a path have a bucket each",
       "rate_limits_off: [auth]\nrate_limits: { extra: { limit: 1, window: 1m, group: route } }\n"
       "routes:\n  - { path: /a, methods: [GET], upstream: one, auth: none, rate_limits: [extra] }\n"
       "  - { path: /a, methods: [POST], upstream: one, auth: none, rate_limits: [extra] }\n",
       "global extra:/a|GET extra:/a|POST"},
      {"on a sign-in path the bucket has its name, whatever route covers it",
       "rate_limits: { extra: { limit: 1, window: 1m, group: route } }\n"
       "routes:\n  - { path: /auth/*, methods: [POST], upstream: one, auth: none, rate_limits: [extra, auth] }\n",
       "global auth:/auth/login auth:/auth/register auth:/auth/refresh auth:/auth/* extra:/auth/login "
       "extra:/auth/register extra:/auth/refresh extra:/auth/*"},
      {"what counts by route alone is no route's own",
       "rate_limits_off: [auth]\nrate_limits: { extra: { limit: 1, window: 1m, key: route, group: route } }\n"
       "routes:\n  - { path: /a, upstream: one, auth: none, rate_limits: [extra] }\n",
       "global extra"},
      {"also what no route takes",
       "rate_limits_off: [auth]\nrate_limits: { global: { group: route } }\n"
       "routes:\n  - { path: /*, methods: [POST], upstream: one, auth: none }\n",
       "global global:/auth/login global:/auth/register global:/auth/refresh global:/*"},
      {"nothing is limited", "rate_limits_off: [auth, global]\n", ""},
  };
  for (const Row& row : rows) EXPECT_EQ(uses_of(catalog_of(row.yaml)), row.uses) << row.name;
}

}  // namespace
}  // namespace sallyport::api_gateway
