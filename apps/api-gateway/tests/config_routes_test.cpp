#include <string>

#include <gtest/gtest.h>

#include "config_testing.hpp"
#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Method;

constexpr std::string_view kHead = R"(listen: 127.0.0.1:8080
instances: 1
upstreams: { shop: { hosts: ["127.0.0.1:9000"] } }
rate_limits: { slow: { limit: 1, window: 1s } }
routes:
)";

std::string problems_of_routes(std::string_view routes) {
  return problems_of(std::string(kHead) + std::string(routes));
}

LoadedConfig load_routes(std::string_view routes) {
  return load_config(std::string(kHead) + std::string(routes), ConfigMode::Production);
}

TEST(Routes, ReadEveryKey) {
  const auto loaded = load_routes(
      "- { path: /Shop/Items/*, methods: [GET, QUERY], upstream: shop, auth: none, rate_limits: [slow, auth],\n"
      "    strip_prefix: /shop, body_max: 2MiB, streaming: true, body_on_any_method: true }\n"
      "- { path: /x/, upstream: shop, auth: none }\n"
      "- { path: /*, upstream: shop, auth: none }\n");
  ASSERT_TRUE(loaded.ok()) << format_problems("f", loaded.problems);
  const RouteConfig& route = loaded.config.routes.at(0);
  EXPECT_EQ(route.id, "/shop/items/*");
  EXPECT_EQ(route.path, "/shop/items");
  EXPECT_TRUE(route.prefix);
  EXPECT_EQ(route.methods, (std::vector<Method>{Method::Get, Method::Query}));
  EXPECT_EQ(route.upstream, "shop");
  EXPECT_EQ(route.rate_limits, (std::vector<std::string>{"slow", "auth"}));
  EXPECT_EQ(route.strip_prefix, "/shop");
  EXPECT_EQ(route.body_max, 2U << 20U);
  EXPECT_TRUE(route.streaming);
  EXPECT_TRUE(route.body_on_any_method);
  const RouteConfig& plain = loaded.config.routes.at(1);
  EXPECT_EQ(plain.id, "/x");
  EXPECT_EQ(plain.path, "/x");
  EXPECT_FALSE(plain.prefix);
  EXPECT_TRUE(plain.methods.empty());
  EXPECT_EQ(plain.body_max, 1U << 20U);
  EXPECT_FALSE(plain.streaming);
  const RouteConfig& root = loaded.config.routes.at(2);
  EXPECT_EQ(root.id, "/*");
  EXPECT_EQ(root.path, "/");
  EXPECT_TRUE(root.prefix);
}

struct Row {
  const char* name;
  const char* route;    ///< the keys of one route
  const char* problem;  ///< what the one message holds; empty: accepted
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name << " " << row.route;
}

class RouteRule : public testing::TestWithParam<Row> {};

TEST_P(RouteRule, Holds) {
  const std::string problems = problems_of_routes(std::string("- { ") + GetParam().route + " }\n");
  if (*GetParam().problem == '\0') {
    EXPECT_EQ(problems, "");
  } else {
    EXPECT_NE(problems.find(GetParam().problem), std::string::npos) << problems;
    EXPECT_EQ(problems.find('\n'), problems.size() - 1) << problems;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Keys, RouteRule,
    testing::Values(
        Row{"AuthMissing", "path: /a, upstream: shop", "f:6:3: route lacks the key 'auth'"},
        Row{"PathMissing", "upstream: shop, auth: none", "route lacks the key 'path'"},
        Row{"UpstreamMissing", "path: /a, auth: none", "route lacks the key 'upstream'"},
        Row{"AuthFalse", "path: /a, upstream: shop, auth: false", "auth: expected one of none, optional, required"},
        Row{"RoleWithNone", "path: /a, upstream: shop, auth: none, role: admin",
            "f:6:49: role: only with auth: required"},
        Row{"RevocationWithNone", "path: /a, upstream: shop, auth: none, revocation: strict",
            "revocation: only where auth is optional or required"},
        Row{"Schema", "path: /payments/*, upstream: shop, auth: none, schema: builtin:payments", ""},
        Row{"Retry", "path: /a, upstream: shop, auth: none, retry: {}", "'retry': retries are not supported"},
        Row{"UnknownUpstream", "path: /a, upstream: shpo, auth: none",
            "f:6:25: upstream: no upstream is called 'shpo'; did you mean 'shop'?"},
        Row{"UnknownPolicy", "path: /a, upstream: shop, auth: none, rate_limits: [slwo]",
            "rate_limits: no policy is called 'slwo'; did you mean 'slow'?"},
        Row{"GlobalNamed", "path: /a, upstream: shop, auth: none, rate_limits: [global]",
            "'global' applies to every route"},
        Row{"PolicyTwice", "path: /a, upstream: shop, auth: none, rate_limits: [slow, slow]", "'slow' stands twice"},
        Row{"NoMethods", "path: /a, upstream: shop, auth: none, methods: []", "methods: the list is empty"},
        Row{"LowerCaseMethod", "path: /a, upstream: shop, auth: none, methods: [get]", "methods: expected one of GET"},
        Row{"Connect", "path: /a, upstream: shop, auth: none, methods: [CONNECT]", "methods: expected one of GET"},
        Row{"BodyMaxBare", "path: /a, upstream: shop, auth: none, body_max: 1000", "body_max: expected a size"},
        Row{"BodyMaxTooLarge", "path: /a, upstream: shop, auth: none, body_max: 17GiB", "body_max: expected a size"},
        Row{"StripOther", "path: /a/*, upstream: shop, auth: none, strip_prefix: /b", "strip_prefix: must be whole"},
        Row{"StripPartOfSegment", "path: /abc/*, upstream: shop, auth: none, strip_prefix: /a",
            "strip_prefix: must be"},
        Row{"StripRoot", "path: /a/*, upstream: shop, auth: none, strip_prefix: /", "strip_prefix: must be"},
        Row{"StripDeeper", "path: /a/*, upstream: shop, auth: none, strip_prefix: /a/b", "strip_prefix: must be"},
        Row{"StripAncestor", "path: /a/b/*, upstream: shop, auth: none, strip_prefix: /a", ""}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Paths, RouteRule,
    testing::Values(
        Row{"Relative", "path: a, upstream: shop, auth: none", "path: expected a path that begins with '/'"},
        Row{"Root", "path: /, upstream: shop, auth: none", ""},
        Row{"Empty", "path: '', upstream: shop, auth: none", "path: expected a path that begins"},
        Row{"Star", "path: '*', upstream: shop, auth: none", "path: expected a path that begins"},
        Row{"StarWithoutSlash", "path: /a*, upstream: shop, auth: none", "path: expected a path of letters"},
        Row{"StarInside", "path: /*/a, upstream: shop, auth: none", "path: expected a path of letters"},
        Row{"TwoStars", "path: /a/**, upstream: shop, auth: none", "path: expected a path of letters"},
        Row{"DoubleSlash", "path: /a//b, upstream: shop, auth: none", "path: expected a path without '//'"},
        Row{"DoubleSlashStar", "path: /a//*, upstream: shop, auth: none", "path: expected a path without '//'"},
        Row{"OnlySlashesStar", "path: //*, upstream: shop, auth: none", "path: expected a path without '//'"},
        Row{"OnlySlashes", "path: //, upstream: shop, auth: none", "path: expected a path without '//'"},
        Row{"TwoTrailing", "path: /a//, upstream: shop, auth: none", "path: expected a path without '//'"},
        Row{"Dots", "path: /a/../b, upstream: shop, auth: none", "path: expected a path without '/./'"},
        Row{"Dot", "path: /a/., upstream: shop, auth: none", "path: expected a path without '/./'"},
        Row{"Percent", "path: /a%2fb, upstream: shop, auth: none", "path: expected a path of letters"},
        Row{"EncodedDifferently", "path: /a;b, upstream: shop, auth: none", "path: expected a path of letters"},
        Row{"Query", "path: '/a?b', upstream: shop, auth: none", "path: expected a path of letters"},
        Row{"NotAscii", "path: /ä, upstream: shop, auth: none", "path: expected a path of letters"},
        Row{"Health", "path: /HEALTH/, upstream: shop, auth: none", "path: /health is answered by the gateway"},
        Row{"Ready", "path: /health/ready, upstream: shop, auth: none", "is answered by the gateway itself"},
        Row{"Metrics", "path: /metrics, upstream: shop, auth: none", "is answered by the gateway itself"},
        Row{"BelowHealth", "path: /health/*, upstream: shop, auth: none", ""}),
    [](const auto& info) { return info.param.name; });

TEST(Routes, APathHasALimit) {
  const std::string fits = "/" + std::string(255, 'a');
  EXPECT_EQ(problems_of_routes("- { path: " + fits + ", upstream: shop, auth: none }\n"), "");
  EXPECT_NE(problems_of_routes("- { path: " + fits + "a, upstream: shop, auth: none }\n").find("at most 256"),
            std::string::npos);
}

TEST(Routes, EqualPatternsMustNotShareAMethod) {
  EXPECT_EQ(problems_of_routes("- { path: /a, methods: [GET], upstream: shop, auth: none }\n"
                               "- { path: /A/, methods: [POST, GET], upstream: shop, auth: none }\n"),
            "f:7:11: path: /a has a method in common with the same path on line 6\n");
  EXPECT_EQ(problems_of_routes("- { path: /a, upstream: shop, auth: none }\n"
                               "- { path: /a, methods: [QUERY], upstream: shop, auth: none }\n"),
            "f:7:11: path: /a has a method in common with the same path on line 6\n");
  EXPECT_EQ(problems_of_routes("- { path: /a, upstream: shop, auth: none }\n"
                               "- { path: /a/*, upstream: shop, auth: none }\n"),
            "");
}

TEST(Routes, ThatShareAPatternHaveTheirOwnIds) {
  const auto loaded = load_routes(
      "- { path: /a, methods: [GET, HEAD], upstream: shop, auth: none }\n"
      "- { path: /a, methods: [POST], upstream: shop, auth: none }\n");
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.routes.at(0).id, "/a|GET,HEAD");
  EXPECT_EQ(loaded.config.routes.at(1).id, "/a|POST");
}

TEST(Upstreams, AreReadStrictly) {
  const auto problems = [](std::string_view upstream) {
    return problems_of("upstreams: { a: " + std::string(upstream) + " }", ConfigMode::Dev);
  };
  EXPECT_EQ(problems("{ hosts: ['a.b-c:1', '[::1]:2', '10.0.0.1:3'] }"), "");
  EXPECT_EQ(problems("{}"), "f:1:17: upstream 'a' lacks the key 'hosts' (list of host:port: at most 64)\n");
  EXPECT_EQ(problems("{ hosts: [] }"), "f:1:26: hosts: the list is empty\n");
  EXPECT_EQ(problems("{ hosts: ['a:1', 'A:1'] }"), "f:1:26: hosts: a port 1 stands twice\n");
  EXPECT_EQ(problems("{ hosts: ['a:1'], retry: { tries: 2 } }"),
            "f:1:35: 'retry': retries are not supported by this build yet\n");
  EXPECT_EQ(problems("{ hosts: ['a:1'], breaker: {} }"),
            "f:1:35: 'breaker': circuit breakers are not supported by this build yet\n");
  for (const std::string host :
       {"http://a:1", "a", "a:", "a:0", "a:65536", "a:01", ":1", "a b:1", "-a:1", "a..b:1", "1.2.3:1", "1.2.3.256:1",
        "[1.2.3.4]:1", "[a]:1", "::1:1", "a:1/x", "user@a:1", "[fe80::1%25eth0]:1"}) {
    EXPECT_NE(problems("{ hosts: ['" + host + "'] }").find("f:1:27: hosts: expected"), std::string::npos) << host;
  }
}

TEST(Plaintext, SignInOffLoopbackMustBeAllowed) {
  const auto file = [](std::string_view host, std::string_view path, std::string_view more = "") {
    return problems_of("listen: 127.0.0.1:8080\ninstances: 1\nupstreams:\n  main: { hosts: ['" + std::string(host) +
                       "'] }\nroutes: [{ path: " + std::string(path) + ", upstream: main, auth: none }]\n" +
                       std::string(more));
  };
  const std::string refused =
      "f:4:9: upstream 'main' gets sign-in requests over plain HTTP off loopback; 'allow_plaintext: true' accepts "
      "that\n";
  for (const char* path : {"/auth/login", "/auth/*", "/*", "/auth/refresh"}) {
    EXPECT_EQ(file("10.0.0.5:80", path), refused) << path;
    EXPECT_EQ(file("127.0.0.1:80", path), "") << path;
    EXPECT_EQ(file("[::1]:80", path), "") << path;
    EXPECT_EQ(file("localhost:80", path), "") << path;
    EXPECT_EQ(file("10.0.0.5:80", path, "allow_plaintext: true\n"), "") << path;
  }
  EXPECT_EQ(file("auth.internal:80", "/auth/login"), refused);
  EXPECT_EQ(file("10.0.0.5:80", "/auth/loginx"), "");
  EXPECT_EQ(file("10.0.0.5:80", "/shop/*"), "");
}

Config dev_base() {
  Config base;
  base.listen = {ListenAddress{IpAddress::v4({127, 0, 0, 1}), 0}};
  base.instances = 1;
  base.upstreams.resize(2);
  base.upstreams[0].name = "auth";
  base.upstreams[1].name = "shop";
  for (const auto& [path, prefix] :
       {std::pair("/auth/login", false), std::pair("/auth", true), std::pair("/shop", true)}) {
    RouteConfig route;
    route.path = path;
    route.prefix = prefix;
    route.id = route.path + (prefix ? "/*" : "");
    route.upstream = "auth";
    base.routes.push_back(route);
  }
  base.routes[0].rate_limits = {"auth"};
  return base;
}

TEST(DevOverlay, KeepsWhatTheFileDoesNotName) {
  const auto loaded = load_config("threads: 2\n", ConfigMode::Dev, dev_base());
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.config.threads, 2U);
  EXPECT_EQ(loaded.config.listen.size(), 1U);
  EXPECT_EQ(loaded.config.routes.size(), 3U);
  EXPECT_EQ(loaded.config.upstreams.size(), 2U);
  EXPECT_EQ(loaded.config.rate_limits.size(), 2U);
}

TEST(DevOverlay, ReplacesRoutesOfTheSamePattern) {
  const auto loaded = load_config(
      "upstreams: { shop: { hosts: ['127.0.0.1:7'] } }\n"
      "routes:\n- { path: /auth/*, upstream: shop, auth: none }\n- { path: /new, upstream: auth, auth: none }\n",
      ConfigMode::Dev, dev_base());
  ASSERT_TRUE(loaded.ok()) << format_problems("f", loaded.problems);
  std::string ids;
  for (const auto& route : loaded.config.routes) ids += route.id + "->" + route.upstream + " ";
  EXPECT_EQ(ids, "/auth/login->auth /shop/*->auth /auth/*->shop /new->auth ");
  ASSERT_EQ(loaded.config.upstreams.size(), 2U);
  EXPECT_EQ(loaded.config.upstreams[1].hosts.at(0).port, 7);
}

TEST(DevOverlay, SwitchingOffReachesTheBuiltInRoutes) {
  const auto loaded = load_config("rate_limits_off: [auth]\n", ConfigMode::Dev, dev_base());
  EXPECT_TRUE(loaded.ok());
  EXPECT_TRUE(loaded.config.routes[0].rate_limits.empty());
  EXPECT_EQ(loaded.config.rate_limits.size(), 1U);
}

TEST(DevOverlay, ProductionIgnoresTheBase) {
  const auto loaded = load_config("threads: 2\n", ConfigMode::Production, dev_base());
  EXPECT_FALSE(loaded.ok());
  EXPECT_TRUE(loaded.config.routes.empty());
}

}  // namespace
}  // namespace sallyport::api_gateway
