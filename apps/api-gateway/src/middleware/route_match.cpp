#include "middleware/route_match.hpp"

#include "refuse.hpp"
#include "sallyport/net/http/canonical_path.hpp"
#include "sallyport/net/request_body.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Method;

/// What a body on such a method means is up to whoever reads it, which is how requests are smuggled.
bool body_is_unclear(const Exchange& exchange) noexcept {
  const Method method = exchange.request.method;
  const bool clear =
      method == Method::Post || method == Method::Put || method == Method::Patch || method == Method::Query;
  const Route* const route = exchange.lookup.route;
  return exchange.body->has_body() && !clear &&
         (route == nullptr || route->config == nullptr || !route->config->body_on_any_method);
}

}  // namespace

std::optional<net::Response> RouteMatch::on_request(Exchange& exchange) {
  if (exchange.request.path == "*" && !exchange.body->has_body()) {
    net::Response response;  // OPTIONS * asks about the server, not about a resource
    response.status = 204;
    response.add("Allow", kServerMethods);
    return response;
  }
  const auto canonical = net::http::canonical_path(exchange.request.path, exchange.path_scratch);
  if (!canonical)
    return refuse(exchange, ErrorCode::MalformedRequest, "The path has an encoding that could be read in two ways.");
  exchange.path = *canonical;
  exchange.match_key = net::http::match_key(exchange.path, exchange.key_scratch);
  exchange.lookup = router_.find(exchange.match_key, exchange.request.method);
  if (body_is_unclear(exchange)) {
    net::Response response = refuse(exchange, ErrorCode::MalformedRequest, "This method does not take a body.");
    response.close = true;
    return response;
  }
  return std::nullopt;
}

}  // namespace sallyport::api_gateway
