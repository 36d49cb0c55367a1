#pragma once

#include <array>
#include <span>
#include <vector>

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"
#include "sallyport/observability/access_log.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/runtime/task_scope.hpp"
#include "upstream/proxy.hpp"

namespace sallyport::api_gateway {

/// The gateway's own series. Made once per process; labels hold route patterns of the configuration only.
class GatewayMetrics final {
 public:
  /// routes: by Route::index.
  GatewayMetrics(metrics::Registry& registry, const Config& config, std::span<const RouteConfig* const> routes);

  /// route: Route::index, or kNoRoute.
  static constexpr std::size_t kNoRoute = SIZE_MAX;
  void count(metrics::Shard& shard, std::size_t route, int status, double seconds) const;
  metrics::CounterId refused(std::string_view reason) const;
  metrics::CounterId untrusted_forwarding() const noexcept { return untrusted_forwarding_; }
  metrics::HistogramId upstream_seconds(std::size_t upstream) const { return upstream_seconds_[upstream]; }

 private:
  struct Series {
    std::array<metrics::CounterId, 5> by_class;  ///< 1xx…5xx
    metrics::HistogramId seconds;
  };
  std::vector<Series> routes_;  ///< the last one: no route
  std::vector<std::pair<std::string_view, metrics::CounterId>> refused_;
  std::vector<metrics::HistogramId> upstream_seconds_;
  metrics::CounterId refused_other_;
  metrics::CounterId untrusted_forwarding_;
};

/// Takes requests from the server through the filters to the proxy, and keeps the books: access log and metrics.
/// One per event loop.
class GatewayApplication final : public net::Application {
 public:
  GatewayApplication(const net::FilterChain<Exchange>& chain, const net::FilterChain<Exchange>& refusal_chain,
                     Proxy& proxy, rate_limit::Limiter& limiter, runtime::TaskScope& tasks, log::AccessLog* access_log,
                     const GatewayMetrics& metrics, metrics::Shard& shard);

  std::unique_ptr<net::Exchange> make_exchange() override;
  std::optional<net::Response> begin(net::Exchange& exchange) override;
  runtime::Task<net::Response> handle(net::Exchange& exchange) override;
  net::Response refuse(net::Exchange& exchange, const Error& error, std::string_view reason) override;
  void finished(net::Exchange& exchange, const net::Completion& completion) override;

 private:
  const net::FilterChain<Exchange>& chain_;
  const net::FilterChain<Exchange>& refusal_chain_;
  Proxy& proxy_;
  rate_limit::Limiter& limiter_;
  runtime::TaskScope& tasks_;
  log::AccessLog* access_log_;  ///< null: switched off
  const GatewayMetrics& metrics_;
  metrics::Shard& shard_;
};

}  // namespace sallyport::api_gateway
