#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "config/schema.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Method;
using rate_limit::OnStoreError;
using rate_limit::Policy;

constexpr std::size_t kMethods = static_cast<std::size_t>(Method::Query) + 1;

bool has_policy(const Draft& draft, std::string_view name) {
  return std::any_of(draft.rate_limits.begin(), draft.rate_limits.end(),
                     [&](const Policy& policy) { return policy.name == name; });
}

/// Puts the built-in policies first and takes out those that are switched off.
void settle_policies(const YamlNode& root, Draft& draft, Problems& problems) {
  auto built_in = built_in_policies();
  for (auto policy = built_in.rbegin(); policy != built_in.rend(); ++policy) {
    const auto named = std::find_if(draft.rate_limits.begin(), draft.rate_limits.end(),
                                    [&](const Policy& present) { return present.name == policy->name; });
    if (named != draft.rate_limits.end()) {
      std::rotate(draft.rate_limits.begin(), named, named + 1);
    } else {
      draft.rate_limits.insert(draft.rate_limits.begin(), *policy);
    }
  }
  for (const std::string& name : draft.rate_limits_off) {
    std::erase_if(draft.rate_limits, [&](const Policy& policy) { return policy.name == name; });
    for (RouteConfig& route : draft.routes) std::erase(route.rate_limits, name);
    problems.warning(root.at_or_self("rate_limits_off"),
                     fmt::format("rate_limits_off: the policy '{}' is switched off: nothing limits what it did", name));
  }
}

void check_required(const YamlNode& root, Draft& draft, Problems& problems) {
  const auto require = [&](std::string_view key, bool empty, std::string_view example) {
    if (root.find(key) == nullptr) {
      problems.error(0, 0, fmt::format("the key '{}' is required, for example {}", key, example));
    } else if (empty && !root.find(key)->items.empty()) {
      return;  // what stands there was wrong, and has been said
    } else if (empty && (root.find(key)->kind == YamlNode::Kind::List || root.find(key)->kind == YamlNode::Kind::Map)) {
      if (key != "listen") problems.error(*root.find(key), fmt::format("{}: at least one is required", key));
    }
  };
  require("listen", draft.listen.empty(), "listen: 127.0.0.1:8080");
  require("upstreams", draft.upstreams.empty(), "upstreams: { shop: { hosts: [\"10.0.0.5:8080\"] } }");
  require("routes", draft.routes.empty(), "routes: [{ path: /shop/*, upstream: shop, auth: none }]");
  if (root.find("instances") != nullptr) return;
  for (const Policy& policy : draft.rate_limits) {
    if (policy.on_store_error != OnStoreError::Local) continue;
    return problems.error(
        0, 0,
        fmt::format("the key 'instances' is required: the rate limit '{}' has on_store_error: local, which "
                    "divides its limit by the number of gateways",
                    policy.name));
  }
}

void check_references(const Draft& draft, const RouteConfig& route, const YamlNode& node, Problems& problems) {
  std::vector<std::string_view> names;
  for (const UpstreamConfig& upstream : draft.upstreams) names.push_back(upstream.name);
  if (!route.upstream.empty() && std::find(names.begin(), names.end(), route.upstream) == names.end()) {
    const auto guess = nearest(route.upstream, names);
    problems.error(node.at_or_self("upstream"),
                   fmt::format("upstream: no upstream is called {}{}", in_quotes(route.upstream),
                               guess.empty() ? "" : fmt::format("; did you mean '{}'?", guess)));
  }
  names.clear();
  for (const Policy& policy : draft.rate_limits) names.push_back(policy.name);
  for (const std::string& name : route.rate_limits) {
    const YamlNode& place = node.at_or_self("rate_limits");
    if (name == "global") {
      problems.error(place, "rate_limits: 'global' applies to every route and must not be named");
    } else if (!has_policy(draft, name)) {
      const auto guess = nearest(name, names);
      problems.error(place, fmt::format("rate_limits: no policy is called {}{}", in_quotes(name),
                                        guess.empty() ? "" : fmt::format("; did you mean '{}'?", guess)));
    }
  }
}

/// Two routes with the same pattern must have no method in common. Routes that share a pattern get ids that tell them
/// apart: an id names a bucket and a metric.
void check_patterns(Draft& draft, Problems& problems) {
  struct Pattern {
    std::array<const YamlNode*, kMethods> owner{};
    std::vector<std::size_t> routes;
  };
  std::map<std::string, Pattern, std::less<>> patterns;
  static const YamlNode kBase;
  for (std::size_t i = 0; i < draft.routes.size(); ++i) {
    RouteConfig& route = draft.routes[i];
    if (route.id.empty()) continue;
    const YamlNode* node = draft.route_nodes[i] != nullptr ? draft.route_nodes[i] : &kBase;
    Pattern& pattern = patterns[route.path + (route.prefix ? "/*" : "")];
    pattern.routes.push_back(i);
    const YamlNode* clash = nullptr;
    for (std::size_t m = 0; m < kMethods; ++m) {
      const auto method = static_cast<Method>(m);
      const bool takes =
          route.methods.empty() || std::find(route.methods.begin(), route.methods.end(), method) != route.methods.end();
      if (!takes) continue;
      if (pattern.owner[m] != nullptr && clash == nullptr) clash = pattern.owner[m];
      pattern.owner[m] = node;
    }
    if (clash != nullptr) {
      problems.error(
          node->at_or_self("path"),
          fmt::format("path: {} has a method in common with the same path on line {}", route.id, clash->line));
    }
  }
  for (const auto& [text, pattern] : patterns) {
    if (pattern.routes.size() < 2) continue;
    for (const std::size_t index : pattern.routes) {
      RouteConfig& route = draft.routes[index];
      char separator = '|';
      for (const Method method : route.methods) {
        route.id += separator;
        route.id += to_string(method);
        separator = ',';
      }
    }
  }
}

bool covers(const RouteConfig& route, std::string_view path) {
  if (!route.prefix) return route.path == path;
  return route.path == "/" || route.path == path || path.starts_with(route.path + "/");
}

/// Passwords must not cross a network in the clear unless somebody has said so.
void check_plaintext(const YamlNode& root, const Draft& draft, Problems& problems) {
  if (draft.allow_plaintext) return;
  const auto paths = canonical_auth_paths();
  for (const UpstreamConfig& upstream : draft.upstreams) {
    if (upstream.tls) continue;
    const bool off_loopback = !std::all_of(upstream.hosts.begin(), upstream.hosts.end(), is_loopback);
    const bool signs_in =
        upstream.name == "auth" || std::any_of(draft.routes.begin(), draft.routes.end(), [&](const RouteConfig& route) {
          return route.upstream == upstream.name &&
                 std::any_of(paths.begin(), paths.end(), [&](const std::string& path) { return covers(route, path); });
        });
    if (!off_loopback || !signs_in) continue;
    const YamlNode* upstreams = root.find("upstreams");
    const YamlNode& place = upstreams != nullptr ? upstreams->at_or_self(upstream.name) : root;
    problems.error(place, fmt::format("upstream '{}' gets sign-in requests over plain HTTP off loopback; "
                                      "'allow_plaintext: true' accepts that",
                                      upstream.name));
  }
}

}  // namespace

void validate(const YamlNode& root, ConfigMode mode, Draft& draft, Problems& problems) {
  draft.route_nodes.resize(draft.routes.size(), nullptr);
  settle_policies(root, draft, problems);
  for (std::size_t i = 0; i < draft.routes.size(); ++i) {
    if (draft.route_nodes[i] != nullptr) check_references(draft, draft.routes[i], *draft.route_nodes[i], problems);
  }
  check_patterns(draft, problems);
  check_tokens(root, mode, draft, problems);
  check_issuers(root, draft, problems);
  if (mode == ConfigMode::Dev) return;
  check_required(root, draft, problems);
  check_plaintext(root, draft, problems);
}

std::vector<std::string> canonical_auth_paths() {
  return {"/auth/login", "/auth/register", "/auth/refresh"};
}

}  // namespace sallyport::api_gateway
