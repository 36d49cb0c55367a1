#include "middleware/route_rules.hpp"

#include "refuse.hpp"
#include "sallyport/net/request_body.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Method;

bool method_has_body(Method method) noexcept {
  return method == Method::Post || method == Method::Put || method == Method::Patch || method == Method::Query;
}

}  // namespace

std::optional<net::Response> RouteRules::on_request(Exchange& exchange) {
  const Lookup& lookup = exchange.lookup;
  if (lookup.outcome == LookupOutcome::NotFound) return refuse(exchange, ErrorCode::NotFound, "No route leads here.");
  if (lookup.outcome == LookupOutcome::MethodNotAllowed) {
    net::Response response = refuse(exchange, ErrorCode::MethodNotAllowed, "This route does not take the method.");
    response.add("Allow", lookup.allow);
    return response;
  }
  if (!exchange.body->has_body()) return std::nullopt;
  const RouteConfig& route = *lookup.route->config;
  if (!method_has_body(exchange.request.method) && !route.body_on_any_method) {
    net::Response response = refuse(exchange, ErrorCode::MalformedRequest, "This method does not take a body.");
    response.close = true;
    return response;
  }
  if (auto limited = exchange.body->set_limit(route.body_max); !limited) return refuse_body(exchange, limited.error());
  return std::nullopt;
}

}  // namespace sallyport::api_gateway
