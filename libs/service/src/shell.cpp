#include "shell.hpp"

#include <stdexcept>

#include "server_limits.hpp"

namespace sallyport::service {
namespace {

using net::http::Method;

ServiceOptions checked(ServiceOptions options) {
  const auto* const keys = std::get_if<std::shared_ptr<const tokens::KeySet>>(&options.keys);
  if (keys != nullptr && *keys == nullptr) throw std::invalid_argument("a service needs keys or the URL of some");
  return options;
}

void register_gauges(metrics::Registry& registry, const std::string& name, const Service::Surroundings& around) {
  if (auto* const pool = around.database) {
    registry.gauge(name + "_database_connections_busy", "Database connections at work.", {},
                   [pool] { return static_cast<double>(pool->statistics().busy); });
    registry.gauge(name + "_database_waiting", "Calls that wait for a database connection.", {},
                   [pool] { return static_cast<double>(pool->statistics().waiting); });
  }
  registry.counter_from(name + "_log_dropped_lines_total", "Log lines dropped because the sink was too slow.", {},
                        [&logger = around.logger] { return static_cast<double>(logger.dropped_lines()); });
}

}  // namespace

std::vector<RouteTable::Entry> Endpoints::list(std::span<const Route> routes, const std::vector<Document>& documents) {
  std::vector<RouteTable::Entry> entries;
  for (const Route& route : routes) entries.push_back({route.method, route.pattern});
  for (const Document& document : documents) entries.push_back({Method::Get, document.path});
  for (const std::string_view path : {std::string_view("/health"), std::string_view("/health/ready"), kMetricsPath}) {
    entries.push_back({Method::Get, path});
  }
  return entries;
}

Shell::Shell(ServiceOptions settings, const Service::Surroundings& around)
    : options(checked(std::move(settings))),
      surroundings(around),
      endpoints(options.routes, options.documents),
      metrics(around.registry, options.name, endpoints.entries()),
      denylist_unchecked(around.registry.counter(options.name + "_denylist_unchecked_total",
                                                 "Access tokens let through because Redis did not answer.")),
      denylist(options.denylist ? options.denylist : std::make_shared<denylist::MemoryDenylist>()),
      connections(kConnectionsMax, kConnectionsMax) {
  register_gauges(around.registry, options.name, around);
}

}  // namespace sallyport::service
