#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "request_metrics.hpp"
#include "sallyport/service/route_table.hpp"
#include "sallyport/service/service.hpp"

namespace sallyport::service {

/// Everything that a service answers: its routes, its documents, and what comes by itself. Immutable.
class Endpoints final {
 public:
  enum class Kind : std::uint8_t { Route, Document, Health, Ready, Metrics };

  Endpoints(std::span<const Route> routes, const std::vector<Document>& documents)
      : routes_(routes), documents_(documents), entries_(list(routes, documents)), table_(entries_) {}

  const RouteTable& table() const noexcept { return table_; }
  std::span<const RouteTable::Entry> entries() const noexcept { return entries_; }
  Kind kind(std::size_t index) const noexcept {
    if (index < routes_.size()) return Kind::Route;
    if (index < routes_.size() + documents_.size()) return Kind::Document;
    return static_cast<Kind>(index - routes_.size() - documents_.size() + static_cast<std::size_t>(Kind::Health));
  }
  const Route& route(std::size_t index) const noexcept { return routes_[index]; }
  const Document& document(std::size_t index) const noexcept { return documents_[index - routes_.size()]; }

 private:
  static std::vector<RouteTable::Entry> list(std::span<const Route> routes, const std::vector<Document>& documents);

  std::span<const Route> routes_;
  const std::vector<Document>& documents_;
  std::vector<RouteTable::Entry> entries_;
  RouteTable table_;
};

inline constexpr std::string_view kMetricsPath = "/metrics";

/// What all event loops of a service share. Immutable or thread-safe, and outlives them.
struct Shell {
  Shell(ServiceOptions settings, const Service::Surroundings& around);

  const ServiceOptions options;
  const Service::Surroundings surroundings;
  const Endpoints endpoints;
  const RequestMetrics metrics;
  const metrics::CounterId denylist_unchecked;
  const std::shared_ptr<denylist::MemoryDenylist> denylist;
  net::ConnectionBudget connections;
  std::atomic<bool> draining{false};
};

}  // namespace sallyport::service
