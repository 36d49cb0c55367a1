#include "middleware/internal_routes.hpp"

#include "refuse.hpp"
#include "sallyport/observability/metrics.hpp"

namespace sallyport::api_gateway {
namespace {

net::Response json(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.fields = "Content-Type: application/json\r\nCache-Control: no-store\r\n";
  response.body = std::move(body);
  return response;
}

net::Response ready(const Readiness& state, bool with_details) {
  std::string body = R"({"status":")";
  body.append(status_of(state)).append("\"");
  if (with_details) body.append(R"(,"rate_limit_store":")").append(state.store).append("\"");
  if (with_details && !state.token_keys.empty()) {
    body.append(R"(,"token_keys":")").append(state.token_keys).append("\"");
  }
  body.append("}\n");
  return json(state.ready ? 200 : 503, std::move(body));
}

}  // namespace

std::string_view status_of(const Readiness& state) noexcept {
  if (!state.ready) return "draining";
  return state.store == "unreachable" || state.token_keys == "not_loaded" ? "degraded" : "ok";
}

bool is_internal(std::string_view path) noexcept {
  return is_health_check(path) || path == "/metrics";
}

bool is_health_check(std::string_view path) noexcept {
  return path == "/health" || path == "/health/ready";
}

std::optional<net::Response> InternalRoutes::on_request(Exchange& exchange) {
  const std::string_view path = exchange.path;  // exact: no other spelling escapes the limits
  if (!is_internal(path)) return std::nullopt;
  if (path == "/metrics" && !exchange.internal_access)
    return refuse(exchange, ErrorCode::NotFound, "No route leads here.");
  const auto method = exchange.request.method;
  if (method != net::http::Method::Get && method != net::http::Method::Head) {
    net::Response response = refuse(exchange, ErrorCode::MethodNotAllowed, "This route does not take the method.");
    response.add("Allow", "GET, HEAD");
    return response;
  }
  if (path == "/health") return json(200, "{\"status\":\"ok\"}\n");
  if (path == "/health/ready") return ready(readiness_(), exchange.internal_access);
  net::Response response;
  response.add("Content-Type", metrics::kContentType);
  response.add("Cache-Control", "no-store");
  response.body = metrics_();
  return response;
}

}  // namespace sallyport::api_gateway
