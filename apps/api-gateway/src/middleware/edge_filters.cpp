#include "middleware/edge_filters.hpp"

#include "middleware/internal_routes.hpp"
#include "refuse.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/net/http/authority.hpp"

namespace sallyport::api_gateway {

std::optional<net::Response> HostCheck::on_request(Exchange& exchange) {
  if (config_.hosts.empty() || is_health_check(exchange.request.path)) return std::nullopt;
  const auto asked = net::http::parse_authority(exchange.request.host);
  for (const std::string& host : config_.hosts) {
    const auto ours = net::http::parse_authority(host);
    // A host that is configured without a port stands for all of its ports.
    if (asked && ours && iequals(asked->host, ours->host) && (!ours->port || ours->port == asked->port.value_or(80))) {
      return std::nullopt;
    }
  }
  return refuse(exchange, ErrorCode::MisdirectedRequest, "This gateway does not answer for the host of the request.");
}

std::optional<net::Response> ClientAddressFilter::on_request(Exchange& exchange) {
  const ClientAddress found =
      find_client(exchange.peer, exchange.request.fields, config_.trusted_proxies, config_.forwarded_header);
  if (found.ignored_forwarding) shard_.add(untrusted_forwarding_);
  exchange.client = found.client;
  exchange.client_text.clear();
  found.client.append_to(exchange.client_text);
  const ForwardedProto spoken = found.proto.value_or(config_.forwarded_proto);
  exchange.client_proto = found.peer_trusted && spoken == ForwardedProto::Https ? "https" : "http";
  exchange.internal_access = has_internal_access(found, config_.internal_access);
  return std::nullopt;
}

std::optional<net::Response> Cors::on_request(Exchange& exchange) {
  if (!rules_.is_preflight(exchange.request)) return std::nullopt;
  exchange.preflight = true;
  net::Response response;
  response.status = 204;
  for (const auto& field : rules_.preflight_fields(exchange.request.fields)) response.add(field.name, field.value);
  return response;
}

void Cors::on_response(Exchange& exchange, net::Response& response) {
  if (!rules_.enabled() || exchange.preflight) return;
  for (const auto& field : rules_.response_fields(exchange.request.fields)) response.add(field.name, field.value);
}

}  // namespace sallyport::api_gateway
