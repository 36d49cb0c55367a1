#include <algorithm>

#include "config/schema.hpp"
#include "routing/status_route.hpp"
#include "sallyport/tokens/jwks_source.hpp"

namespace sallyport::api_gateway {
namespace {

using rate_limit::KeyKind;
using rate_limit::Policy;

void check_settings(const YamlNode& root, const Draft& draft, Problems& problems) {
  const auto require = [&](std::string_view key, const std::string& value, std::string_view example) {
    if (!value.empty() || root.find(key) != nullptr) return;  // what stands there was wrong, and has been said
    problems.error(
        0, 0, fmt::format("the key '{}' is required, since a route asks for tokens; for example {}", key, example));
  };
  require("issuer", draft.issuer, "issuer: https://id.example.com");
  require("audience", draft.audience, "audience: https://api.example.com");
  require("jwks_url", draft.jwks_url, "jwks_url: https://id.example.com/.well-known/jwks.json");
}

void check_jwks_url(const YamlNode& root, const Draft& draft, Problems& problems) {
  if (draft.allow_plaintext || draft.jwks_url.empty()) return;
  if (tokens::JwksUrl::parse(draft.jwks_url, tokens::PlainHttp::LoopbackOnly)) return;
  problems.error(root.at_or_self("jwks_url"),
                 "jwks_url: keys would come over plain HTTP off loopback; 'allow_plaintext: true' accepts that");
}

bool names(const RouteConfig& route, const Policy& policy) {
  return std::ranges::find(route.rate_limits, policy.name) != route.rate_limits.end();
}

/// A policy by user on a route where nobody is one would count by address, which nobody meant.
void check_user_policies(const Draft& draft, Problems& problems) {
  for (std::size_t i = 0; i < draft.routes.size(); ++i) {
    const RouteConfig& route = draft.routes[i];
    if (route.auth != AuthMode::None || draft.route_nodes[i] == nullptr) continue;
    for (const Policy& policy : draft.rate_limits) {
      if (policy.key != KeyKind::User || !names(route, policy)) continue;
      problems.error(draft.route_nodes[i]->at_or_self("rate_limits"),
                     fmt::format("rate_limits: '{}' counts by user, and with auth: none there is none", policy.name));
    }
  }
}

/// With tokens there are administrators, and the gateway answers them itself.
void check_status_path(const Draft& draft, Problems& problems) {
  for (std::size_t i = 0; i < draft.routes.size(); ++i) {
    const RouteConfig& route = draft.routes[i];
    if (route.prefix || route.path != kStatusPath || draft.route_nodes[i] == nullptr) continue;
    problems.error(
        draft.route_nodes[i]->at_or_self("path"),
        fmt::format("path: {} is answered by the gateway itself as soon as a route asks for tokens", kStatusPath));
  }
}

}  // namespace

bool asks_for_tokens(const Config& config) noexcept {
  return std::ranges::any_of(
      config.routes, [](const RouteConfig& route) { return route.auth != AuthMode::None || route.role != Role::Any; });
}

void check_tokens(const YamlNode& root, ConfigMode mode, const Draft& draft, Problems& problems) {
  check_user_policies(draft, problems);
  if (asks_for_tokens(draft)) {
    check_settings(root, draft, problems);
    check_status_path(draft, problems);
  }
  if (mode == ConfigMode::Production) check_jwks_url(root, draft, problems);
}

}  // namespace sallyport::api_gateway
