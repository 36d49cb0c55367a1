#include "status/status_text.hpp"

#include <algorithm>
#include <ranges>

#include <fmt/format.h>

#include "sallyport/observability/log.hpp"

namespace sallyport::api_gateway {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  log::append_json_escaped(out, text);
  return out += '"';
}

/// `[…]` of what `write` makes of each item.
template <class Items, class Write>
std::string list(const Items& items, Write write) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += write(item);
  }
  return out += ']';
}

std::string_view name_of(AuthMode mode) noexcept {
  switch (mode) {
    case AuthMode::None:
      return "none";
    case AuthMode::Optional:
      return "optional";
    case AuthMode::Required:
      break;
  }
  return "required";
}

std::string_view name_of(Role role) noexcept {
  switch (role) {
    case Role::User:
      return "user";
    case Role::Admin:
      return "admin";
    case Role::Any:
      break;
  }
  return "any";
}

std::string_view schema_of(const RouteConfig& route) noexcept {
  if (!route.schema) return "none";
  return route.schema->mode == SchemaMode::Enforce ? "enforce" : "shadow";
}

/// The limits on each of its requests; `auth` on single paths below it is not one of them.
std::vector<std::string_view> limits_of(const Config& config, const RouteConfig& route) {
  std::vector<std::string_view> names;
  if (std::ranges::find(config.rate_limits, "global", &rate_limit::Policy::name) != config.rate_limits.end()) {
    names.emplace_back("global");
  }
  names.insert(names.end(), route.rate_limits.begin(), route.rate_limits.end());
  return names;
}

std::string route_json(const Config& config, const RouteConfig& route) {
  const std::string pattern = route.path == "/" && route.prefix ? "/*" : route.path + (route.prefix ? "/*" : "");
  return fmt::format(
      R"({{"path":{},"methods":{},"upstream":{},"auth":"{}","role":"{}","rate_limits":{},"schema":"{}"}})",
      quoted(pattern), list(route.methods, [](auto method) { return quoted(to_string(method)); }),
      quoted(route.upstream), name_of(route.role == Role::Any ? route.auth : AuthMode::Required), name_of(route.role),
      list(limits_of(config, route), quoted), schema_of(route));
}

std::string host_json(const HostCount& host) {
  return fmt::format(R"({{"address":{},"connections":{},"idle_connections":{}}})", quoted(host.address),
                     host.connections, host.idle);
}

std::string upstream_json(const UpstreamShared& upstream, const std::vector<HostCount>& hosts) {
  return fmt::format(R"({{"name":{},"in_flight":{},"max_in_flight":{},"hosts":{}}})", quoted(upstream.config.name),
                     upstream.in_flight.load(std::memory_order_relaxed), upstream.config.max_in_flight,
                     list(hosts, host_json));
}

}  // namespace

std::string status_json(const StatusFacts& facts) {
  const auto indices = std::views::iota(std::size_t{0}, facts.upstreams.size());
  return fmt::format(
      R"({{"status":"{}","uptime_seconds":{},"rate_limit_store":"{}","connections":{},"routes":{},"upstreams":{}}})"
      "\n",
      status_of(facts.readiness), facts.uptime.count(), facts.readiness.store, facts.connections,
      list(facts.config.routes, [&](const RouteConfig& route) { return route_json(facts.config, route); }),
      list(indices, [&](std::size_t i) { return upstream_json(*facts.upstreams[i], facts.census.hosts(i)); }));
}

}  // namespace sallyport::api_gateway
