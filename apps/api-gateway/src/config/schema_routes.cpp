#include <algorithm>
#include <iterator>

#include "config/schema.hpp"

namespace sallyport::api_gateway {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kUpstreamsMax = 256;
constexpr std::size_t kRoutesMax = 1024;
constexpr std::size_t kRoutePoliciesMax = 8;
constexpr std::uint64_t kBodyMax = std::uint64_t{16} << 30U;

Key<RouteConfig> path_key() {
  Key<RouteConfig> key;
  key.doc = KeyDoc{"path", "pattern", "at most 256 characters", "",
                   "`/x` is that path alone, `/x/*` is `/x` and all below. Case and a trailing slash do not matter; "
                   "the exact path beats the longest prefix."};
  key.read = [](const YamlNode& node, RouteConfig& out, Problems& problems) {
    const auto parse = [](std::string_view text) -> Parsed<std::string> {
      if (text == "/*") return std::string(text);
      const bool prefix = text.ends_with("/*");
      if (prefix) text.remove_suffix(2);
      auto path = parse_path(text);
      if (path && prefix) *path += "/*";
      // "/x//*" is not "/x/*", nor is "//*" the root.
      if (path && prefix && text.ends_with('/')) return std::unexpected(std::string("a path without '//'"));
      return path;
    };
    read_scalar(
        node, "path", Quotes::Allowed, parse,
        [&](std::string pattern) {
          out.id = pattern;
          out.prefix = pattern.ends_with("/*");
          if (out.prefix) pattern.resize(pattern.size() == 2 ? 1 : pattern.size() - 2);
          out.path = std::move(pattern);
        },
        problems);
  };
  return required(std::move(key));
}

Key<RouteConfig> auth_key() {
  auto key = enum_key<RouteConfig>(
      "auth", &RouteConfig::auth,
      EnumNames<AuthMode>{{"none", AuthMode::None}, {"optional", AuthMode::Optional}, {"required", AuthMode::Required}},
      "Who may call: `none` does not look at tokens; `optional` lets callers without one pass and refuses a bad one; "
      "`required` wants one. The Authorization field is passed on in any case.");
  key.doc.fallback = "required; with `role`: `required`";
  return key;
}

Key<RouteConfig> role_key() {
  auto key =
      enum_key<RouteConfig>("role", &RouteConfig::role, EnumNames<Role>{{"user", Role::User}, {"admin", Role::Admin}},
                            "Whose tokens pass; others get 403. `user` lets `admin` pass too. Goes with "
                            "`auth: required` only.");
  key.doc.fallback = "any";
  return key;
}

Key<RouteConfig> revocation_key() {
  static const EnumNames<Revocation> names{
      {"strict", Revocation::Strict}, {"strict_writes", Revocation::StrictWrites}, {"lenient", Revocation::Lenient}};
  Key<RouteConfig> key;
  key.doc = KeyDoc{"revocation", "word", join_names(names), "`strict` with `role: admin`, else `lenient`",
                   "Requests with a token while Redis cannot say whether its session has ended: `strict` answers 503, "
                   "`strict_writes` does so unless the method is GET or HEAD, `lenient` lets a token pass until it "
                   "expires. Say `strict_writes` where money moves."};
  key.read = [](const YamlNode& node, RouteConfig& out, Problems& problems) {
    const auto parse = [](std::string_view text) -> Parsed<Revocation> {
      for (const auto& [word, value] : names) {
        if (word == text) return value;
      }
      return std::unexpected("one of " + join_names(names));
    };
    read_scalar(
        node, "revocation", Quotes::Allowed, parse, [&](Revocation value) { out.revocation = value; }, problems);
  };
  return key;
}

Key<RouteConfig> schema_key() {
  Key<RouteConfig> key;
  key.doc =
      KeyDoc{"schema", "file, or a map", "a path, or `builtin:` and `auth`, `payments` or `admin`", "none",
             "OpenAPI 3.0 or 3.1 document that requests must keep to, as the upstream sees them: their paths come "
             "after `strip_prefix`. A relative path starts from the folder of this file. As a map, see below. Not "
             "with `streaming: true`."};
  key.read = read_request_schema;
  return key;
}

void check_upstream(const YamlNode& node, const UpstreamConfig& upstream, Problems& problems) {
  const YamlNode* hosts = node.find("hosts");
  if (hosts == nullptr || hosts->kind != YamlNode::Kind::List) return;
  if (hosts->items.empty()) problems.error(*hosts, "hosts: the list is empty");
  for (std::size_t i = 0; i < upstream.hosts.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const HostPort& a = upstream.hosts[i];
      const HostPort& b = upstream.hosts[j];
      if (a.host == b.host && a.port == b.port) {
        problems.error(*hosts, fmt::format("hosts: {} port {} stands twice", a.host, a.port));
      }
    }
  }
}

/// One certificate name for all hosts: they stand for the same service.
void settle_tls(const YamlNode& node, UpstreamConfig& upstream, Problems& problems) {
  if (!upstream.tls) {
    for (const std::string_view key : {"ca_file", "server_name"}) {
      if (node.find(key) != nullptr) problems.error(node.at_or_self(key), fmt::format("{}: only with tls: true", key));
    }
    return;
  }
  if (!upstream.server_name.empty() || upstream.hosts.empty()) return;
  upstream.server_name = upstream.hosts.front().host;
  const bool same = std::all_of(upstream.hosts.begin(), upstream.hosts.end(),
                                [&](const HostPort& host) { return host.host == upstream.server_name; });
  if (!same) problems.error(node.at_or_self("hosts"), "server_name: required with tls: true when the hosts differ");
}

/// `auth` may be left out only where a role says it all.
void settle_auth(const YamlNode& node, RouteConfig& route, Problems& problems) {
  const bool has_role = node.find("role") != nullptr;
  if (node.find("auth") == nullptr) {
    if (has_role) {
      route.auth = AuthMode::Required;
    } else {
      problems.error(node, "route lacks the key 'auth' (word: none, optional, required)");
    }
  } else if (has_role && route.auth != AuthMode::Required) {
    problems.error(node.at_or_self("role"), "role: only with auth: required");
    route.role = Role::Any;
  }
  if (route.revocation && route.auth == AuthMode::None) {
    problems.error(node.at_or_self("revocation"), "revocation: only where auth is optional or required");
  }
}

void check_route(const YamlNode& node, const RouteConfig& route, Problems& problems) {
  static constexpr std::string_view kInternal[] = {"/health", "/health/ready", "/metrics"};
  if (!route.prefix && std::find(std::begin(kInternal), std::end(kInternal), route.path) != std::end(kInternal)) {
    problems.error(node.at_or_self("path"), fmt::format("path: {} is answered by the gateway itself", route.path));
  }
  if (const YamlNode* methods = node.find("methods");
      methods != nullptr && methods->items.empty() && methods->kind == YamlNode::Kind::List) {
    problems.error(*methods, "methods: the list is empty; leave the key out to allow all");
  }
  if (!route.strip_prefix.empty()) {
    const bool leads = route.path == route.strip_prefix || route.path.starts_with(route.strip_prefix + "/");
    if (route.strip_prefix == "/" || (!leads && !route.path.empty())) {
      problems.error(node.at_or_self("strip_prefix"), "strip_prefix: must be whole leading segments of the path");
    }
  }
}

bool same_pattern(const RouteConfig& a, const RouteConfig& b) {
  return a.prefix == b.prefix && a.path == b.path;
}

/// Drops the routes of the base whose pattern the file names.
void drop_replaced(Draft& out, const std::vector<RouteConfig>& named) {
  std::erase_if(out.routes, [&](const RouteConfig& old) {
    return std::any_of(named.begin(), named.end(), [&](const RouteConfig& route) { return same_pattern(old, route); });
  });
}

}  // namespace

const KeyTable<UpstreamConfig>& upstream_keys() {
  using U = UpstreamConfig;
  static const KeyTable<U> table = {
      required(list_key<U>("hosts", &U::hosts, "host:port", 64, "", parse_host_port,
                           "Where the service listens. Names are resolved; IPv6 addresses stand in brackets.")),
      duration_key<U>("timeout", &U::timeout, 10ms, 10min,
                      "From dispatch to the head of the answer, queue and connection included."),
      duration_key<U>("connect_timeout", &U::connect_timeout, 10ms, 1min, "To open a connection, TLS included."),
      integer_key<U>("max_in_flight", &U::max_in_flight, 1, 100'000,
                     "Requests of the process at this service at once; more are refused with 503."),
      integer_key<U>("idle_connections_max", &U::idle_connections_max, 0, 10'000,
                     "Connections kept open for each host by each thread."),
      bool_key<U>("tls", &U::tls, "Speaks TLS 1.2 or 1.3. The certificate must verify; nothing switches that off."),
      text_key<U>("ca_file", &U::ca_file, "absolute path", parse_file,
                  "PEM file with the authorities to trust instead of the system's own; read at the start."),
      with_fallback(text_key<U>("server_name", &U::server_name, "host name or address", parse_server_name,
                                "What the certificate must be for. Required when `hosts` names different hosts."),
                    "the host"),
      refused_key<U>("retry", "retries are not supported by this build yet"),
      refused_key<U>("breaker", "circuit breakers are not supported by this build yet"),
  };
  return table;
}

const KeyTable<RouteConfig>& route_keys() {
  using R = RouteConfig;
  static const KeyTable<R> table = {
      path_key(),
      list_key<R>("methods", &R::methods, "methods", 8, "all", parse_method, "Exactly these; another gets 405."),
      required(
          text_key<R>("upstream", &R::upstream, "a key of `upstreams`", parse_name, "Where matching requests go.")),
      auth_key(),
      role_key(),
      revocation_key(),
      list_key<R>("issuers", &R::issuers, "names in `issuers`", 16, "none", parse_name,
                  "Whose tokens count here beside our own. Not below `/auth`, `/payments` and `/admin`."),
      list_key<R>("rate_limits", &R::rate_limits, "policy names", kRoutePoliciesMax, "none", parse_name,
                  "Policies beside `global`, which applies to every route. `auth` applies to /auth/login, "
                  "/auth/register and /auth/refresh whether or not it is named."),
      text_key<R>("strip_prefix", &R::strip_prefix, "leading segments of `path`", parse_path,
                  "Removed from the path before it is sent on."),
      size_key<R>("body_max", &R::body_max, 0, kBodyMax, "Largest request body; a larger one gets 413."),
      bool_key<R>("streaming", &R::streaming, "Sends the request on before its body has arrived."),
      bool_key<R>("body_on_any_method", &R::body_on_any_method, "Allows a body on GET, HEAD, DELETE and OPTIONS."),
      schema_key(),
      refused_key<R>("retry", "retries are not supported by this build yet"),
  };
  return table;
}

void read_upstreams(const YamlNode& node, Draft& out, Problems& problems) {
  if (node.kind != YamlNode::Kind::Map) {
    return report_wrong_type(node, "upstreams", "a map from names to upstreams", problems);
  }
  if (node.keys.size() > kUpstreamsMax) {
    return problems.error(node, fmt::format("upstreams: at most {}", kUpstreamsMax));
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const YamlNode& name = node.keys[i];
    if (name.kind != YamlNode::Kind::Scalar) continue;
    if (const auto good = parse_name(name.text); !good) report_wrong_type(name, "upstreams", good.error(), problems);
    UpstreamConfig upstream;
    upstream.name = name.text;
    read_map(upstream_keys(), node.items[i], "upstream " + in_quotes(name.text), upstream, problems);
    check_upstream(node.items[i], upstream, problems);
    settle_tls(node.items[i], upstream, problems);
    std::erase_if(out.upstreams, [&](const UpstreamConfig& old) { return old.name == upstream.name; });
    out.upstreams.push_back(std::move(upstream));
  }
}

void read_routes(const YamlNode& node, Draft& out, Problems& problems) {
  if (node.kind != YamlNode::Kind::List) return report_wrong_type(node, "routes", "a list of routes", problems);
  if (node.items.size() > kRoutesMax) return problems.error(node, fmt::format("routes: at most {}", kRoutesMax));
  std::vector<RouteConfig> named;
  std::vector<const YamlNode*> nodes;
  for (const YamlNode& item : node.items) {
    RouteConfig route;
    read_map(route_keys(), item, "route", route, problems);
    if (item.kind != YamlNode::Kind::Map) continue;
    settle_auth(item, route, problems);
    check_route(item, route, problems);
    load_request_schema(item, route, out, problems);
    named.push_back(std::move(route));
    nodes.push_back(&item);
  }
  drop_replaced(out, named);
  out.route_nodes.assign(out.routes.size(), nullptr);
  std::move(named.begin(), named.end(), std::back_inserter(out.routes));
  out.route_nodes.insert(out.route_nodes.end(), nodes.begin(), nodes.end());
}

}  // namespace sallyport::api_gateway
