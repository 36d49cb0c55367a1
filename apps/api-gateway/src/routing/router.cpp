#include "routing/router.hpp"

#include <algorithm>

#include "routing/status_route.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/core/assert.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Method;
using rate_limit::Policy;

constexpr std::string_view kGlobal = "global";
constexpr std::string_view kAuth = "auth";

constexpr std::array kRoutable = {Method::Get,   Method::Head,   Method::Post,    Method::Put,
                                  Method::Patch, Method::Delete, Method::Options, Method::Query};

const Policy* find_policy(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.rate_limits.begin(), config.rate_limits.end(),
                                  [&](const Policy& policy) { return policy.name == name; });
  return found == config.rate_limits.end() ? nullptr : &*found;
}

std::size_t upstream_index(const Config& config, const std::string& name) {
  const auto found = std::find_if(config.upstreams.begin(), config.upstreams.end(),
                                  [&](const UpstreamConfig& upstream) { return upstream.name == name; });
  SALLYPORT_ASSERT(found != config.upstreams.end());
  return static_cast<std::size_t>(found - config.upstreams.begin());
}

std::vector<std::size_t> issuer_indices(const Config& config, const std::vector<std::string>& names) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < config.issuers.size(); ++i) {
    if (std::find(names.begin(), names.end(), config.issuers[i].name) != names.end()) out.push_back(i);
  }
  return out;
}

Revocation revocation_of(const RouteConfig& route) noexcept {
  return route.revocation.value_or(route.role == Role::Admin ? Revocation::Strict : Revocation::Lenient);
}

}  // namespace

Router::Pattern& Router::PatternMap::add(std::string_view path) {
  longest = std::max(longest, path.size());
  return patterns[std::string(path)];
}

const Router::Pattern* Router::PatternMap::find(std::string_view path) const noexcept {
  if (path.size() > longest) return nullptr;
  const auto found = patterns.find(path);
  return found == patterns.end() ? nullptr : &found->second;
}

Router::Router(const Config& config) : status_(status_route(config)), sign_in_paths_(canonical_auth_paths()) {
  unrouted_ = policies_of(config, {});
  for (const RouteConfig& route : config.routes) {
    add(config, route).route.upstream = upstream_index(config, route.upstream);
  }
  if (status_) {
    exact_.add(status_->path) = Pattern{};
    add(config, *status_).route.target = RouteTarget::GatewayStatus;
  }
  add_internal("/health", InternalRoute::Health);
  add_internal("/health/ready", InternalRoute::Ready);
  add_internal("/metrics", InternalRoute::Metrics);

  for (PatternMap* map : {&exact_, &prefix_}) {
    for (auto& [path, pattern] : map->patterns) {
      for (const Method method : kRoutable) {
        if (pattern.by_method[static_cast<std::size_t>(method)] == nullptr) continue;
        if (!pattern.allow.empty()) pattern.allow += ", ";
        pattern.allow += to_string(method);
      }
    }
  }
}

Router::Entry& Router::add(const Config& config, const RouteConfig& route) {
  Entry& entry = entries_.emplace_back();
  entry.route = Route{.id = route.id,
                      .config = &route,
                      .index = configs_.size(),
                      .role = route.role,
                      .revocation = revocation_of(route),
                      .schema = route.schema ? &*route.schema : nullptr,
                      .issuers = issuer_indices(config, route.issuers)};
  configs_.push_back(&route);
  entry.auth = route.role == Role::Any ? route.auth : AuthMode::Required;
  entry.policies = policies_of(config, route.rate_limits);
  Pattern& pattern = (route.prefix ? prefix_ : exact_).add(route.path);
  for (const Method method : kRoutable) {
    const bool takes =
        route.methods.empty() || std::find(route.methods.begin(), route.methods.end(), method) != route.methods.end();
    if (takes) pattern.by_method[static_cast<std::size_t>(method)] = &entry;
  }
  return entry;
}

void Router::add_internal(std::string_view path, InternalRoute internal) {
  Entry& entry = entries_.emplace_back();
  entry.route.id = path;
  entry.route.internal = internal;
  Pattern& pattern = exact_.add(path);
  pattern = Pattern{};
  pattern.by_method[static_cast<std::size_t>(Method::Get)] = &entry;
  pattern.by_method[static_cast<std::size_t>(Method::Head)] = &entry;
}

Router::Policies Router::policies_of(const Config& config, const std::vector<std::string>& names) const {
  Policies out;
  const auto add = [](std::vector<const Policy*>& list, const Policy* policy) {
    if (policy != nullptr && std::find(list.begin(), list.end(), policy) == list.end()) list.push_back(policy);
  };
  add(out.plain, find_policy(config, kGlobal));
  out.sign_in = out.plain;
  add(out.sign_in, find_policy(config, kAuth));
  for (const std::string& name : names) {
    const Policy* policy = find_policy(config, name);
    SALLYPORT_ASSERT(policy != nullptr);
    if (policy->key == rate_limit::KeyKind::User) {
      add(out.by_user, policy);
      continue;
    }
    add(out.plain, policy);
    add(out.sign_in, policy);
  }
  return out;
}

const Router::Pattern* Router::find_pattern(std::string_view match_key) const noexcept {
  if (!match_key.starts_with('/')) return nullptr;
  if (const Pattern* pattern = exact_.find(match_key)) return pattern;
  // Longer than any prefix: go on at the last boundary that can still be one, without looking at what lies behind it.
  std::size_t end = match_key.size();
  if (end > prefix_.longest) end = match_key.rfind('/', prefix_.longest);
  for (; end != 0 && end != std::string_view::npos; end = match_key.rfind('/', end - 1)) {
    if (const Pattern* pattern = prefix_.find(match_key.substr(0, end))) return pattern;
  }
  return prefix_.find("/");
}

Lookup Router::find(std::string_view match_key, Method method) const noexcept {
  Lookup out;
  const auto sign_in = std::find(sign_in_paths_.begin(), sign_in_paths_.end(), match_key);
  const auto choose = [&](const Policies& policies) {
    return PolicyList(sign_in != sign_in_paths_.end() ? policies.sign_in : policies.plain);
  };
  if (sign_in != sign_in_paths_.end()) out.bucket = *sign_in;
  out.policies = choose(unrouted_);

  const Pattern* pattern = find_pattern(match_key);
  if (pattern == nullptr) return out;
  const Entry* entry = pattern->by_method[static_cast<std::size_t>(method)];
  if (entry == nullptr) {
    out.outcome = LookupOutcome::MethodNotAllowed;
    out.allow = pattern->allow;
    return out;
  }
  out.outcome = LookupOutcome::Found;
  out.route = &entry->route;
  out.auth = entry->auth;
  out.user_policies = entry->policies.by_user;
  out.policies = entry->route.internal != InternalRoute::None ? PolicyList() : choose(entry->policies);
  if (out.bucket.empty()) out.bucket = entry->route.id;
  return out;
}

std::string_view upstream_path(const RouteConfig& route, std::string_view canonical_path) noexcept {
  const std::string_view prefix = route.strip_prefix;
  if (prefix.empty() || canonical_path.size() < prefix.size() ||
      !iequals(canonical_path.substr(0, prefix.size()), prefix)) {
    return canonical_path;
  }
  const std::string_view rest = canonical_path.substr(prefix.size());
  if (rest.empty()) return "/";
  return rest.front() == '/' ? rest : canonical_path;
}

bool routes(const Config& config, std::string_view path, net::http::Method method) {
  return Router(config).find(path, method).outcome == LookupOutcome::Found;
}

}  // namespace sallyport::api_gateway
