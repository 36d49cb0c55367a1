#include "middleware/route_match.hpp"

#include "refuse.hpp"
#include "sallyport/net/http/canonical_path.hpp"

namespace sallyport::api_gateway {

std::optional<net::Response> RouteMatch::on_request(Exchange& exchange) {
  if (exchange.request.path == "*") {
    net::Response response;  // OPTIONS * asks about the server, not about a resource
    response.status = 204;
    response.add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    return response;
  }
  const auto canonical = net::http::canonical_path(exchange.request.path, exchange.path_scratch);
  if (!canonical) return refuse(exchange, ErrorCode::MalformedRequest, "The path has an encoding that could be read in two ways.");
  exchange.path = *canonical;
  exchange.match_key = net::http::match_key(exchange.path, exchange.key_scratch);
  exchange.lookup = router_.find(exchange.match_key, exchange.request.method);
  return std::nullopt;
}

}  // namespace sallyport::api_gateway
