#include "application.hpp"

#include "http/answers.hpp"
#include "sallyport/net/http/canonical_path.hpp"

namespace sallyport::auth_service {

using runtime::Task;

namespace {

Exchange& own(net::Exchange& exchange) noexcept {
  return static_cast<Exchange&>(exchange);
}

const Route* route_of(const Exchange& exchange) noexcept {
  std::string_view segment;
  return exchange.route.empty() ? nullptr : find_route(exchange.path, segment);
}

net::Response json(int status, std::string body, std::string_view cache_control) {
  net::Response response;
  response.status = status;
  response.add("Content-Type", "application/json");
  response.add("Cache-Control", cache_control);
  response.body = std::move(body);
  return response;
}

}  // namespace

std::unique_ptr<net::Exchange> AuthApplication::make_exchange() {
  return std::make_unique<Exchange>();
}

std::optional<net::Response> AuthApplication::begin(net::Exchange& exchange) {
  Exchange& x = own(exchange);
  parts_.context.prepare(x);  // first: every answer and line of the log is named by its id and its client
  auto answer = answer_at_once(x);
  if (answer) answer->add("X-Request-Id", x.request_id);
  return answer;
}

std::optional<net::Response> AuthApplication::answer_at_once(Exchange& x) {
  const auto path = net::http::canonical_path(x.request.path, x.path_scratch);
  if (!path) return auth_service::refuse(x, ErrorCode::MalformedRequest, "The path can be read in more than one way.");
  x.path = *path;
  const Route* const route = find_route(x.path, x.session_id);
  // Numbers are for whoever runs the service, not for the clients of a gateway.
  if (route == nullptr || (route->endpoint == Endpoint::Metrics && !x.internal_access)) {
    return auth_service::refuse(x, ErrorCode::NotFound, "There is no such route here.");
  }
  x.route = route->pattern;
  if (!takes(*route, x.request.method)) {
    net::Response response =
        auth_service::refuse(x, ErrorCode::MethodNotAllowed, "This route does not take the method.");
    response.add("Allow", allowed_methods(*route));
    return response;
  }
  switch (route->endpoint) {
    case Endpoint::Jwks:
      return json(200, parts_.jwks, "public, max-age=300");
    case Endpoint::Health:
      return json(200, "{\"status\":\"ok\"}\n", "no-store");
    case Endpoint::Metrics: {
      net::Response response;
      response.add("Content-Type", metrics::kContentType);
      response.add("Cache-Control", "no-store");
      response.body = parts_.registry.render();
      return response;
    }
    default:
      return std::nullopt;
  }
}

Task<net::Response> AuthApplication::handle(net::Exchange& exchange) {
  Exchange& x = own(exchange);
  auto answer = co_await dispatch(x);
  if (!answer) {
    parts_.logger.write(log::Level::Warn, "request_not_served",
                        {{"request_id", std::string_view(x.request_id)},
                         {"route", x.route},
                         {"code", info(answer.error().code).code},
                         {"detail", std::string_view(answer.error().detail)}});
    answer = unavailable(x, answer.error());
  }
  answer->add("X-Request-Id", x.request_id);
  co_return *std::move(answer);
}

Task<Result<net::Response>> AuthApplication::dispatch(Exchange& x) {
  switch (route_of(x)->endpoint) {
    case Endpoint::Register:
      return parts_.sign_in.register_user(x);
    case Endpoint::Login:
      return parts_.sign_in.login(x);
    case Endpoint::Refresh:
      return parts_.sign_in.refresh(x);
    case Endpoint::Logout:
      return parts_.sign_in.logout(x);
    case Endpoint::LogoutAll:
      return parts_.own_account.logout_all(x);
    case Endpoint::Me:
      return parts_.own_account.me(x);
    case Endpoint::Sessions:
      return parts_.own_account.sessions(x);
    case Endpoint::Session:
      return parts_.own_account.delete_session(x);
    case Endpoint::Password:
      return parts_.own_account.change_password(x);
    case Endpoint::Jwks:
    case Endpoint::Health:
    case Endpoint::Metrics:
    case Endpoint::Ready:
      break;
  }
  return ready(x);
}

Task<Result<net::Response>> AuthApplication::ready(const Exchange& x) {
  const Readiness::State state = co_await parts_.readiness.look();
  const bool draining = parts_.draining.load(std::memory_order_relaxed);
  std::string body = R"({"status":")";
  body.append(draining ? "draining" : (!state.database ? "unavailable" : "ok")).append("\"");
  if (x.internal_access) {
    body.append(R"(,"database":")").append(state.database ? "ok" : "unreachable");
    body.append(R"(","redis":")").append(state.redis).append("\"");
  }
  body.append("}\n");
  co_return json(state.database && !draining ? 200 : 503, std::move(body), "no-store");
}

net::Response AuthApplication::refuse(net::Exchange& exchange, const Error& error, std::string_view) {
  Exchange& x = own(exchange);
  if (!x.head_valid) parts_.context.prepare(x);
  std::string_view detail = "The request breaks the rules of HTTP/1.1.";
  if (error.code == ErrorCode::RequestTimeout) detail = "The header fields did not arrive in time.";
  if (error.code == ErrorCode::InternalError) detail = "The request could not be completed.";
  net::Response response = auth_service::refuse(x, error.code, detail);
  if (error.code == ErrorCode::MethodNotAllowed) response.add("Allow", "GET, HEAD, POST, DELETE");
  response.add("X-Request-Id", x.request_id);
  return response;
}

void AuthApplication::finished(net::Exchange& exchange, const net::Completion& completion) {
  Exchange& x = own(exchange);
  const auto total = std::chrono::duration_cast<std::chrono::microseconds>(completion.finished - x.started);
  parts_.metrics.count(parts_.shard, route_of(x), completion.status, std::chrono::duration<double>(total).count());
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

}  // namespace sallyport::auth_service
