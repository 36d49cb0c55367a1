#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sallyport/observability/metrics.hpp"
#include "sallyport/service/route_table.hpp"

namespace sallyport::service {

/// Requests by route and status class, and how long they took. Made once per process; labels hold patterns of our own
/// only. Thread-safe.
class RequestMetrics final {
 public:
  /// service: the beginning of the names.
  RequestMetrics(metrics::Registry& registry, const std::string& service, std::span<const RouteTable::Entry> routes);

  /// route: as RouteTable numbers them; nullopt for what has none.
  void count(metrics::Shard& shard, std::optional<std::size_t> route, int status, double seconds) const;

 private:
  struct Series {
    std::array<metrics::CounterId, 5> by_class;  ///< 1xx…5xx
    metrics::HistogramId seconds;
  };
  std::vector<Series> series_;  ///< the last one: no route
};

}  // namespace sallyport::service
