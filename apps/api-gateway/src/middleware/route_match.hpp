#pragma once

#include "exchange.hpp"
#include "routing/router.hpp"
#include "sallyport/net/filter.hpp"

namespace sallyport::api_gateway {

/// Brings the path into its one canonical form and finds its route. What it finds decides limits, authentication and
/// forwarding alike, so no spelling can be one thing to one step and another to the next.
/// Order:   after the client's address; everything below asks for the route.
/// Answers: 400 malformed_request for a path without a canonical form, and for a body on a method that has none;
///          OPTIONS * is answered here.
/// Cost:    no wait; linear in the path.
/// Posture: hardened against clients.
class RouteMatch final : public net::Filter<Exchange> {
 public:
  explicit RouteMatch(const Router& router) : router_(router) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;

 private:
  const Router& router_;
};

}  // namespace sallyport::api_gateway
