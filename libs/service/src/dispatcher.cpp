#include "dispatcher.hpp"

#include "sallyport/net/abandonable.hpp"
#include "sallyport/net/http/canonical_path.hpp"
#include "sallyport/service/answers.hpp"

namespace sallyport::service {

using runtime::Task;

namespace {

constexpr std::string_view kAdmin = "admin";

Exchange& own(net::Exchange& exchange) noexcept {
  return static_cast<Exchange&>(exchange);
}

net::Response text(std::string body, std::string_view content_type, std::string_view cache_control) {
  net::Response response;
  response.add("Content-Type", content_type);
  response.add("Cache-Control", cache_control);
  response.body = std::move(body);
  return response;
}

}  // namespace

std::unique_ptr<net::Exchange> Dispatcher::make_exchange() {
  return std::make_unique<Exchange>();
}

std::optional<net::Response> Dispatcher::begin(net::Exchange& exchange) {
  Exchange& x = own(exchange);
  parts_.context.prepare(x);  // first: every answer and line of the log is named by its id and its client
  auto answer = answer_at_once(x);
  if (answer) answer->add("X-Request-Id", x.request_id);
  return answer;
}

std::optional<net::Response> Dispatcher::answer_at_once(Exchange& x) {
  const auto path = net::http::canonical_path(x.request.path, x.path_scratch);
  if (!path) return service::refuse(x, ErrorCode::MalformedRequest, "The path can be read in more than one way.");
  x.path = *path;
  const Endpoints& endpoints = parts_.shell.endpoints;
  const RouteTable::Match match = endpoints.table().find(x.path, x.request.method);
  // Numbers are for whoever runs the service, not for the clients of a gateway.
  if (match.pattern.empty() || (match.pattern == kMetricsPath && !x.internal_access)) {
    return service::refuse(x, ErrorCode::NotFound, "There is no such route here.");
  }
  x.route = match.pattern;
  x.parameters = match.parameters;
  x.route_index = match.index;
  if (!match.index) {
    net::Response response = service::refuse(x, ErrorCode::MethodNotAllowed, "This route does not take the method.");
    response.add("Allow", match.allow);
    return response;
  }
  switch (endpoints.kind(*match.index)) {
    case Endpoints::Kind::Document: {
      const Document& document = endpoints.document(*match.index);
      return text(document.body, document.content_type, document.cache_control);
    }
    case Endpoints::Kind::Health:
      return json(200, "{\"status\":\"ok\"}\n", "no-store");
    case Endpoints::Kind::Metrics:
      return text(parts_.shell.surroundings.registry.render(), metrics::kContentType, "no-store");
    case Endpoints::Kind::Route:
    case Endpoints::Kind::Ready:
      break;
  }
  return std::nullopt;
}

Task<net::Response> Dispatcher::handle(net::Exchange& exchange) {
  Exchange& x = own(exchange);
  auto answer = co_await net::abandonable(x, dispatch(x));
  if (!answer) {
    parts_.shell.surroundings.logger.write(log::Level::Warn, "request_not_served",
                                           {{"request_id", std::string_view(x.request_id)},
                                            {"route", x.route},
                                            {"code", info(answer.error().code).code},
                                            {"detail", std::string_view(answer.error().detail)}});
    answer = unavailable(x, answer.error());
  }
  answer->add("X-Request-Id", x.request_id);
  co_return *std::move(answer);
}

Answer Dispatcher::dispatch(Exchange& x) {
  const Endpoints& endpoints = parts_.shell.endpoints;
  if (endpoints.kind(*x.route_index) == Endpoints::Kind::Ready) return ready(x);
  const Route& route = endpoints.route(*x.route_index);
  if (route.access == Access::Anyone) return route.handler(parts_.application, x);
  return serve(route, x);
}

Answer Dispatcher::serve(const Route& route, Exchange& x) {
  const bool admin = route.access == Access::Admin;
  const Unchecked unchecked = admin ? Unchecked::Refused : Unchecked::Accepted;
  if (auto refused = co_await parts_.bearer.authenticate(x, unchecked)) co_return *std::move(refused);
  if (admin) {
    if (auto refused = require_role(x, kAdmin)) co_return *std::move(refused);
  }
  co_return co_await route.handler(parts_.application, x);
}

Answer Dispatcher::ready(const Exchange& x) {
  const Readiness::State state = co_await parts_.readiness.look();
  const bool draining = parts_.shell.draining.load(std::memory_order_relaxed);
  const bool keys = parts_.bearer.ready();
  const bool able = state.database && keys;
  std::string body = R"({"status":")";
  body.append(draining ? "draining" : (able ? "ok" : "unavailable")).append("\"");
  if (x.internal_access) {
    if (parts_.shell.surroundings.database != nullptr) {
      body.append(R"(,"database":")").append(state.database ? "ok" : "unreachable").append("\"");
    }
    body.append(R"(,"redis":")").append(state.redis).append("\"");
    if (std::holds_alternative<tokens::JwksUrl>(parts_.shell.options.keys)) {
      body.append(R"(,"keys":")").append(keys ? "ok" : "missing").append("\"");
    }
  }
  co_return json(able && !draining ? 200 : 503, body.append("}\n"), "no-store");
}

net::Response Dispatcher::refuse(net::Exchange& exchange, const Error& error, std::string_view) {
  Exchange& x = own(exchange);
  if (!x.head_valid) parts_.context.prepare(x);
  std::string_view detail = "The request breaks the rules of HTTP/1.1.";
  if (error.code == ErrorCode::RequestTimeout) detail = "The header fields did not arrive in time.";
  if (error.code == ErrorCode::InternalError) detail = "The request could not be completed.";
  net::Response response = service::refuse(x, error.code, detail);
  if (error.code == ErrorCode::MethodNotAllowed) response.add("Allow", parts_.shell.endpoints.table().all_methods());
  response.add("X-Request-Id", x.request_id);
  return response;
}

void Dispatcher::finished(net::Exchange& exchange, const net::Completion& completion) {
  const Exchange& x = own(exchange);
  const auto total = std::chrono::duration_cast<std::chrono::microseconds>(completion.finished - x.started);
  parts_.shell.metrics.count(parts_.shard, x.route_index, completion.status,
                             std::chrono::duration<double>(total).count());
  if (parts_.access_log == nullptr) return;
  parts_.access_log->write({.time = x.received,
                            .request_id = x.request_id,
                            .trace_id = x.trace.trace_id,
                            .method = x.head_valid ? x.request.method_text : std::string_view(),
                            .path = x.path,
                            .route = x.route,
                            .status = completion.status,
                            .bytes_in = completion.bytes_in,
                            .bytes_out = completion.bytes_out,
                            .total_us = total.count(),
                            .client = x.client_text,
                            .upstream = {},
                            .error_code = completion.code});
}

}  // namespace sallyport::service
