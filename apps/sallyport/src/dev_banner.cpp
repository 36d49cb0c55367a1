#include "dev_banner.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sallyport/core/units.hpp"
#include "sallyport/net/http/message.hpp"

namespace sallyport::app {

using api_gateway::Config;

namespace {

/// "http://127.0.0.1:3000", and the others of several.
std::string hosts_of(const Config& config, const std::string& upstream) {
  std::string text;
  for (const auto& candidate : config.upstreams) {
    if (candidate.name != upstream) continue;
    for (const auto& [host, port] : candidate.hosts) {
      const bool v6 = host.find(':') != std::string::npos;
      text += fmt::format("{}http://{}{}{}:{}", text.empty() ? "" : ", ", v6 ? "[" : "", host, v6 ? "]" : "", port);
    }
  }
  return text;
}

/// Where a policy applies, for a person.
std::string places_of(const Config& config, const std::string& policy) {
  if (policy == "global") return "on every path";
  std::vector<std::string> places;
  if (policy == "auth") places = api_gateway::canonical_auth_paths();
  for (const auto& route : config.routes) {
    const bool named = std::find(route.rate_limits.begin(), route.rate_limits.end(), policy) != route.rate_limits.end();
    if (named && std::find(places.begin(), places.end(), route.id) == places.end()) places.push_back(route.id);
  }
  return places.empty() ? "on no path" : fmt::format("on {}", fmt::join(places, ", "));
}

/// Commands that show an answer, its fields, and a limit: as far as the routes go.
std::string commands_to_try(const Config& config, const std::string& url) {
  std::string text;
  const auto takes = [&](std::string_view path, net::http::Method method) { return routes(config, path, method); };
  for (const auto& route : config.routes) {
    std::string path = route.path;
    if (route.prefix) path += path == "/" ? "hello" : "/hello";
    if (!takes(path, net::http::Method::Get)) continue;
    text = fmt::format("  curl {0}{1}\n  curl -i {0}{1}\n", url, path);
    break;
  }
  if (takes("/auth/login", net::http::Method::Post)) {
    text += fmt::format(
        "  for i in 1 2 3 4 5 6; do curl -s -o /dev/null -w '%{{http_code}}\\n' -H 'Content-Type: application/json' "
        "-d '{{\"email\":\"eve@example.com\",\"password\":\"a wild guess\"}}' {}/auth/login; done\n",
        url);
  }
  return text.empty() ? "" : "\nTry:\n" + text + "\n";
}

/// Whether the route only says more about paths below another one of the same service.
bool is_detail(const Config& config, const api_gateway::RouteConfig& route) {
  return std::ranges::any_of(config.routes, [&](const auto& other) {
    return other.prefix && other.upstream == route.upstream && route.path.starts_with(other.path + "/");
  });
}

std::string target_of(const Config& config, const DevScene& scene, const std::string& upstream) {
  if (scene.echo && upstream == "dev") return "the built-in echo service (--upstream PREFIX=URL for yours)";
  if (upstream == "auth") return "the auth service";
  if (upstream == "admin") return "the admin service, for administrators";
  if (upstream == "payments") return "the payments service, with a card processor that moves no money";
  return hosts_of(config, upstream);
}

}  // namespace

std::string dev_banner(const Config& config, const DevScene& scene, const std::vector<std::string>& urls) {
  std::string text = "Sallyport " SALLYPORT_VERSION ", development gateway\n";
  text += fmt::format("  counters   {}\n", scene.counters);
  text += fmt::format("  database   {}\n", scene.database);
  if (!scene.payer.empty()) text += fmt::format("  example    {} has payments in six states\n", scene.payer);
  for (const auto& route : config.routes) {
    if (is_detail(config, route)) continue;
    text += fmt::format("  route      {}  ->  {}\n", route.id, target_of(config, scene, route.upstream));
  }
  for (const auto& policy : config.rate_limits) {
    text += fmt::format("  limit      {}: {} in {} {}\n", policy.name, policy.limit, format_duration(policy.window),
                        places_of(config, policy.name));
  }
  for (const std::string& url : urls) text += fmt::format("listening on {}\n", url);
  return text + commands_to_try(config, urls.front());
}

}  // namespace sallyport::app
