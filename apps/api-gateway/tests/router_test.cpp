#include "routing/router.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::api_gateway {
namespace {

using net::http::Method;

RouteConfig route(std::string path, std::vector<Method> methods = {}, std::vector<std::string> limits = {}) {
  RouteConfig out;
  out.id = path;
  out.prefix = path.ends_with("/*");
  out.path = out.prefix ? path.substr(0, path.size() - 2) : path;
  if (out.path.empty()) out.path = "/";
  out.methods = std::move(methods);
  out.rate_limits = std::move(limits);
  out.upstream = "main";
  return out;
}

rate_limit::Policy policy(std::string name) {
  rate_limit::Policy out;
  out.name = std::move(name);
  out.limit = 1;
  return out;
}

Config config_of(std::vector<RouteConfig> routes) {
  Config config;
  config.upstreams.resize(2);
  config.upstreams[0].name = "other";
  config.upstreams[1].name = "main";
  config.routes = std::move(routes);
  config.rate_limits = {policy("global"), policy("auth"), policy("extra")};
  return config;
}

/// The id of the route that is found, "405 <Allow>" or "404".
std::string where(const Router& router, std::string_view key, Method method = Method::Get) {
  const Lookup lookup = router.find(key, method);
  if (lookup.outcome == LookupOutcome::NotFound) return "404";
  if (lookup.outcome == LookupOutcome::MethodNotAllowed) return "405 " + std::string(lookup.allow);
  return std::string(lookup.route->id);
}

std::string names(PolicyList policies) {
  std::string out;
  for (const auto* entry : policies) out += (out.empty() ? "" : " ") + entry->name;
  return out;
}

TEST(Router, FindsTheExactPathBeforeTheLongestPrefix) {
  const Config config = config_of({route("/x/*"), route("/x/y/*"), route("/x/y/z"), route("/x/y")});
  const Router router(config);
  EXPECT_EQ(where(router, "/x"), "/x/*");
  EXPECT_EQ(where(router, "/x/a"), "/x/*");
  EXPECT_EQ(where(router, "/x/a/b/c"), "/x/*");
  EXPECT_EQ(where(router, "/x/y"), "/x/y");
  EXPECT_EQ(where(router, "/x/y/a"), "/x/y/*");
  EXPECT_EQ(where(router, "/x/y/z"), "/x/y/z");
  EXPECT_EQ(where(router, "/x/y/z/a"), "/x/y/*");
}

TEST(Router, PrefixesEndAtSegments) {
  const Config config = config_of({route("/x/*"), route("/exact")});
  const Router router(config);
  EXPECT_EQ(where(router, "/xy"), "404");
  EXPECT_EQ(where(router, "/xy/a"), "404");
  EXPECT_EQ(where(router, "/x-/a"), "404");
  EXPECT_EQ(where(router, "/exact/a"), "404");
  EXPECT_EQ(where(router, "/exac"), "404");
  EXPECT_EQ(where(router, "/"), "404");
  EXPECT_EQ(where(router, ""), "404");
  EXPECT_EQ(where(router, "*", Method::Options), "404");
  EXPECT_EQ(where(router, "x"), "404");
}

TEST(Router, RootPrefixTakesTheRest) {
  const Config config = config_of({route("/*"), route("/x/*"), route("/")});
  const Router router(config);
  EXPECT_EQ(where(router, "/"), "/");
  EXPECT_EQ(where(router, "/y"), "/*");
  EXPECT_EQ(where(router, "/xy/z"), "/*");
  EXPECT_EQ(where(router, "/x/z"), "/x/*");
}

TEST(Router, APatternIsChosenBeforeTheMethod) {
  const Config config = config_of({route("/auth/login", {Method::Post}), route("/auth/*"), route("/a", {Method::Get}),
                                   route("/a", {Method::Put, Method::Head})});
  const Router router(config);
  EXPECT_EQ(where(router, "/auth/login", Method::Post), "/auth/login");
  EXPECT_EQ(where(router, "/auth/login", Method::Get), "405 POST");
  EXPECT_EQ(where(router, "/a", Method::Put), "/a");
  EXPECT_EQ(router.find("/a", Method::Put).route->index, 3U);
  EXPECT_EQ(where(router, "/a", Method::Delete), "405 GET, HEAD, PUT");
}

TEST(Router, NeverRoutesConnectAndTrace) {
  const Config config = config_of({route("/*")});
  const Router router(config);
  const std::string all = "405 GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY";
  EXPECT_EQ(where(router, "/x", Method::Connect), all);
  EXPECT_EQ(where(router, "/x", Method::Trace), all);
}

TEST(Router, RouteKnowsItsConfigAndUpstream) {
  const Config config = config_of({route("/a"), route("/b/*")});
  const Router router(config);
  const Lookup lookup = router.find("/b/c", Method::Post);
  ASSERT_EQ(lookup.outcome, LookupOutcome::Found);
  EXPECT_EQ(lookup.route->config, &config.routes[1]);
  EXPECT_EQ(lookup.route->index, 1U);
  EXPECT_EQ(lookup.route->upstream, 1U);
  EXPECT_EQ(lookup.route->internal, InternalRoute::None);
  EXPECT_EQ(lookup.bucket, "/b/*");
}

TEST(Router, InternalRoutesAreExactAndWithoutLimits) {
  const Config config = config_of({route("/*")});
  const Router router(config);
  const struct {
    std::string_view path;
    InternalRoute internal;
  } rows[] = {{"/health", InternalRoute::Health},
              {"/health/ready", InternalRoute::Ready},
              {"/metrics", InternalRoute::Metrics}};
  for (const auto& row : rows) {
    for (const Method method : {Method::Get, Method::Head}) {
      const Lookup lookup = router.find(row.path, method);
      ASSERT_EQ(lookup.outcome, LookupOutcome::Found) << row.path;
      EXPECT_EQ(lookup.route->internal, row.internal);
      EXPECT_TRUE(lookup.policies.empty());
    }
    EXPECT_EQ(where(router, row.path, Method::Post), "405 GET, HEAD");
  }
  for (const std::string_view path : {"/health/x", "/health/ready/x", "/metrics/x", "/metricsx", "/x/metrics"}) {
    EXPECT_EQ(where(router, path), "/*");
    EXPECT_EQ(names(router.find(path, Method::Get).policies), "global") << path;
  }
}

TEST(Router, SignInPathsAreLimitedWhetherRoutedOrNot) {
  const Config none = config_of({});
  const Config prefix = config_of({route("/auth/*", {}, {"extra"})});
  const Config named = config_of({route("/auth/login", {Method::Post}, {"extra", "auth"}), route("/*")});
  for (const Config* config : {&none, &prefix, &named}) {
    const Router router(*config);
    for (const std::string path : {"/auth/login", "/auth/register", "/auth/refresh"}) {
      const Lookup lookup = router.find(path, Method::Get);
      EXPECT_TRUE(names(lookup.policies).starts_with("global auth")) << path;
      EXPECT_EQ(lookup.bucket, path) << "a prefix route must not put sign-in and refresh into one bucket";
    }
    EXPECT_EQ(names(router.find("/auth/logout", Method::Post).policies).find("auth"), std::string::npos);
    EXPECT_EQ(names(router.find("/auth/login/x", Method::Post).policies).find("auth"), std::string::npos);
  }
  const Router router(named);
  EXPECT_EQ(names(router.find("/auth/login", Method::Post).policies), "global auth extra");
  EXPECT_EQ(names(Router(prefix).find("/auth/logout", Method::Post).policies), "global extra");
}

TEST(Router, UnroutedRequestsAreLimitedGlobally) {
  const Config config = config_of({route("/a", {Method::Get}, {"extra"})});
  const Router router(config);
  EXPECT_EQ(names(router.find("/nowhere", Method::Get).policies), "global");
  EXPECT_EQ(router.find("/nowhere", Method::Get).bucket, "");
  EXPECT_EQ(names(router.find("/a", Method::Post).policies), "global");
  EXPECT_EQ(names(router.find("/a", Method::Get).policies), "global extra");
}

TEST(Router, SwitchedOffPoliciesAreGone) {
  Config config = config_of({route("/a")});
  config.rate_limits = {policy("extra")};
  const Router router(config);
  EXPECT_EQ(names(router.find("/auth/login", Method::Post).policies), "");
}

TEST(Router, HostilePathsCostNoMoreThanTheLongestPattern) {
  std::string deep = "/x";
  std::string pattern = "/x";
  for (int i = 0; i < 4000; ++i) deep += "/a";
  for (int i = 0; i < 100; ++i) pattern += "/a";
  const Config config = config_of({route("/x/*"), route(pattern + "/*")});
  const Router router(config);
  // Also without '/' to stop at, and with nothing but '/'.
  EXPECT_EQ(where(router, deep), pattern + "/*");
  EXPECT_EQ(where(router, "/y" + deep), "404");
  EXPECT_EQ(where(router, "/" + std::string(8000, 'x')), "404");
  EXPECT_EQ(where(router, std::string(8000, '/')), "404");
  EXPECT_EQ(where(router, "/x/" + std::string(8000, 'x')), "/x/*");
}

TEST(UpstreamPath, StripsWholeSegmentsWithoutCase) {
  RouteConfig config = route("/shop/*");
  EXPECT_EQ(upstream_path(config, "/shop/a"), "/shop/a");
  config.strip_prefix = "/shop";
  EXPECT_EQ(upstream_path(config, "/shop/a/B"), "/a/B");
  EXPECT_EQ(upstream_path(config, "/SHOP/a"), "/a");
  EXPECT_EQ(upstream_path(config, "/shop"), "/");
  EXPECT_EQ(upstream_path(config, "/shop/"), "/");
  EXPECT_EQ(upstream_path(config, "/shopping"), "/shopping");
  EXPECT_EQ(upstream_path(config, "/sho"), "/sho");
  EXPECT_EQ(upstream_path(config, "/other"), "/other");
}

TEST(Router, KeepsThePathOfItsStatusForAdministratorsAsSoonAsThereAreTokens) {
  Config config = config_of({route("/admin/*", {}, {"extra"}), route("/*")});
  EXPECT_EQ(where(Router(config), "/admin/gateway/status"), "/admin/*");
  EXPECT_EQ(Router(config).configs().size(), 2U);

  config.routes[1].auth = AuthMode::Optional;
  const Router router(config);
  const Lookup found = router.find("/admin/gateway/status", Method::Get);
  ASSERT_NE(found.route, nullptr);
  EXPECT_EQ(found.route->target, RouteTarget::GatewayStatus);
  EXPECT_EQ(found.auth, AuthMode::Required);
  EXPECT_EQ(found.route->role, Role::Admin);
  EXPECT_EQ(found.route->revocation, Revocation::Strict);
  EXPECT_NE(found.route->schema, nullptr);
  EXPECT_EQ(names(found.policies), "global extra") << "as on the route that would lead there";
  EXPECT_EQ(found.bucket, "/admin/gateway/status");
  EXPECT_EQ(router.configs().size(), 3U);
  EXPECT_EQ(router.configs()[found.route->index]->path, "/admin/gateway/status");
  EXPECT_EQ(where(router, "/admin/gateway/status", Method::Post), "405 GET, HEAD");
  EXPECT_EQ(where(router, "/admin/gateway/status/x"), "/admin/*");
  EXPECT_EQ(router.find("/admin/gateway", Method::Get).route->target, RouteTarget::Upstream);
}

}  // namespace
}  // namespace sallyport::api_gateway
