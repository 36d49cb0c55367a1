#include "metrics.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace sallyport::auth_service {

AuthMetrics::AuthMetrics(metrics::Registry& registry) {
  const std::vector<double> bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  for (std::size_t i = 0; i < series_.size(); ++i) {
    const std::string route(i < kRoutes.size() ? kRoutes[i].pattern : std::string_view("none"));
    for (std::size_t c = 0; c < series_[i].by_class.size(); ++c) {
      series_[i].by_class[c] = registry.counter("auth_requests_total", "Requests answered, by route and status class.",
                                                {{"route", route}, {"class", std::to_string(c + 1) + "xx"}});
    }
    series_[i].seconds = registry.histogram(
        "auth_request_seconds", "Time from a request's head to the end of its answer.", bounds, {{"route", route}});
  }
  denylist_failures_ =
      registry.counter("auth_denylist_failures_total", "Ended sessions that Redis did not take at once.");
  denylist_unchecked_ =
      registry.counter("auth_denylist_unchecked_total", "Access tokens let through because Redis did not answer.");
  audit_failures_ = registry.counter("auth_audit_failures_total", "Audit events of refused logins that were lost.");
  job_failures_ = registry.counter("auth_job_failures_total", "Runs of background jobs that failed.");
}

void AuthMetrics::count(metrics::Shard& shard, const Route* route, int status, double seconds) const {
  const std::size_t index = route == nullptr ? kRoutes.size() : static_cast<std::size_t>(route->endpoint);
  shard.add(series_[index].by_class[static_cast<std::size_t>(std::clamp(status / 100, 1, 5)) - 1]);
  shard.observe(series_[index].seconds, seconds);
}

}  // namespace sallyport::auth_service
