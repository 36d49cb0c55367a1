#pragma once

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"

namespace sallyport::api_gateway {

/// Refuses what no route takes, and bodies that a route does not take.
/// Order:   after the limits, so that probing for routes uses up a budget; before anything reads the body.
/// Answers: 404 not_found; 405 method_not_allowed with Allow; 413 body_too_large when a longer one is announced.
/// Cost:    no wait.
/// Posture: hardened against clients.
class RouteRules final : public net::Filter<Exchange> {
 public:
  std::optional<net::Response> on_request(Exchange& exchange) override;
};

}  // namespace sallyport::api_gateway
