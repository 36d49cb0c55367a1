#include "middleware/route_rules.hpp"

#include "refuse.hpp"
#include "sallyport/net/request_body.hpp"

namespace sallyport::api_gateway {
std::optional<net::Response> RouteRules::on_request(Exchange& exchange) {
  const Lookup& lookup = exchange.lookup;
  if (lookup.outcome == LookupOutcome::NotFound) return refuse(exchange, ErrorCode::NotFound, "No route leads here.");
  if (lookup.outcome == LookupOutcome::MethodNotAllowed) {
    net::Response response = refuse(exchange, ErrorCode::MethodNotAllowed, "This route does not take the method.");
    response.add("Allow", lookup.allow);
    return response;
  }
  if (auto limited = exchange.body->set_limit(lookup.route->config->body_max); !limited)
    return refuse_body(exchange, limited.error());
  return std::nullopt;
}

}  // namespace sallyport::api_gateway
