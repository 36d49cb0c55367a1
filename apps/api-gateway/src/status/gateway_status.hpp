#pragma once

#include <functional>
#include <memory>
#include <string>

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"
#include "status/census.hpp"

namespace sallyport::api_gateway {

/// Answers GET /admin/gateway/status: how this gateway is doing, for administrators.
/// Order:   last before the proxy: what guards a route to an upstream guards this one too.
/// Answers: 200; 503 service_unavailable when an event loop has not answered within a second.
/// Cost:    a comparison for every other route; else a round through all event loops.
/// Posture: nothing of the request gets into the answer.
class GatewayStatus final : public net::WaitingFilter<Exchange> {
 public:
  /// ask: has every event loop add to a new census, for the given loop to wait for. tell: the answer.
  GatewayStatus(std::function<std::shared_ptr<Census>()> ask, std::function<std::string(const Census&)> tell)
      : ask_(std::move(ask)), tell_(std::move(tell)) {}
  bool must_wait(Exchange& exchange) override { return exchange.lookup.route->target == RouteTarget::GatewayStatus; }
  runtime::Task<std::optional<net::Response>> wait(Exchange& exchange) override;

 private:
  std::function<std::shared_ptr<Census>()> ask_;
  std::function<std::string(const Census&)> tell_;
};

}  // namespace sallyport::api_gateway
