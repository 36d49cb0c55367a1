#include "request_metrics.hpp"

#include <algorithm>

namespace sallyport::service {

RequestMetrics::RequestMetrics(metrics::Registry& registry, const std::string& service,
                               std::span<const RouteTable::Entry> routes) {
  const std::vector<double> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  const auto add = [&](const std::string& route, const std::string& method) {
    Series series;
    for (std::size_t c = 0; c < series.by_class.size(); ++c) {
      series.by_class[c] =
          registry.counter(service + "_requests_total", "Requests answered, by route and status class.",
                           {{"route", route}, {"method", method}, {"class", std::to_string(c + 1) + "xx"}});
    }
    series.seconds =
        registry.histogram(service + "_request_seconds", "Time from a request's head to the end of its answer.", bounds,
                           {{"route", route}, {"method", method}});
    series_.push_back(series);
  };
  for (const RouteTable::Entry& route : routes) {
    add(std::string(route.pattern), std::string(net::http::to_string(route.method)));
  }
  add("none", "any");
}

void RequestMetrics::count(metrics::Shard& shard, std::optional<std::size_t> route, int status, double seconds) const {
  const Series& series = series_[route.value_or(series_.size() - 1)];
  shard.add(series.by_class[static_cast<std::size_t>(std::clamp(status / 100, 1, 5)) - 1]);
  shard.observe(series.seconds, seconds);
}

}  // namespace sallyport::service
