#include "application.hpp"

#include "refuse.hpp"
#include "sallyport/net/http/rejection.hpp"

namespace sallyport::api_gateway {

using runtime::Task;

namespace {

const std::vector<double> kSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

Exchange& own(net::Exchange& exchange) noexcept {
  return static_cast<Exchange&>(exchange);
}

/// What a client is told when the server refuses its request before any filter has seen it.
std::string_view explain(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::RequestTimeout:
      return "The header fields did not arrive in time.";
    case ErrorCode::UriTooLong:
      return "The request target is longer than 8192 bytes.";
    case ErrorCode::HeadersTooLarge:
      return "The header fields are too long or too many.";
    case ErrorCode::HttpVersionNotSupported:
      return "This server speaks HTTP/1.1 and HTTP/1.0.";
    case ErrorCode::NotImplemented:
      return "This server does not know the method or the transfer coding.";
    case ErrorCode::MethodNotAllowed:
      return "This server does not take the method.";
    case ErrorCode::ExpectationFailed:
      return "Only 100-continue can be expected.";
    case ErrorCode::InternalError:
      return "The request could not be completed.";
    default:
      return "The request breaks the rules of HTTP/1.1.";
  }
}

/// Its verdict lives in a copy, since the exchange serves the next request meanwhile.
Task<> settle(rate_limit::Limiter& limiter, rate_limit::Verdict verdict, int status) {
  co_await limiter.settle(verdict, status);
}

}  // namespace

GatewayMetrics::GatewayMetrics(metrics::Registry& registry, const Config& config,
                               std::span<const RouteConfig* const> routes) {
  const auto add = [&](const std::string& route) {
    Series series;
    for (std::size_t i = 0; i < series.by_class.size(); ++i) {
      series.by_class[i] = registry.counter("gateway_requests_total", "Requests answered, by route and status class.",
                                            {{"route", route}, {"class", std::to_string(i + 1) + "xx"}});
    }
    series.seconds =
        registry.histogram("gateway_request_seconds", "Time from a request's head to the end of its answer.", kSeconds,
                           {{"route", route}});
    routes_.push_back(series);
  };
  for (const RouteConfig* route : routes) add(route->id);
  add("none");
  for (const UpstreamConfig& upstream : config.upstreams) {
    upstream_seconds_.push_back(registry.histogram("gateway_upstream_seconds",
                                                   "Time until the head of an upstream's answer.", kSeconds,
                                                   {{"upstream", upstream.name}}));
  }
  constexpr std::string_view kName = "gateway_refused_requests_total";
  constexpr std::string_view kHelp = "Requests refused by the HTTP guard, by reason.";
  for (int i = 1; i <= static_cast<int>(net::http::RejectReason::ChunkDataEnd); ++i) {
    const auto reason = net::http::to_string(static_cast<net::http::RejectReason>(i));
    refused_.emplace_back(reason,
                          registry.counter(std::string(kName), std::string(kHelp), {{"reason", std::string(reason)}}));
  }
  refused_other_ = registry.counter(std::string(kName), std::string(kHelp), {{"reason", "other"}});
  refused_.emplace_back("head_timeout",
                        registry.counter(std::string(kName), std::string(kHelp), {{"reason", "head_timeout"}}));
  untrusted_forwarding_ =
      registry.counter("gateway_untrusted_forwarding_total",
                       "Requests whose forwarding field was ignored because the peer is no trusted proxy.");
}

void GatewayMetrics::count(metrics::Shard& shard, std::size_t route, int status, double seconds) const {
  const Series& series = routes_[route == kNoRoute ? routes_.size() - 1 : route];
  const std::size_t index = static_cast<std::size_t>(std::clamp(status / 100, 1, 5)) - 1;
  shard.add(series.by_class[index]);
  shard.observe(series.seconds, seconds);
}

metrics::CounterId GatewayMetrics::refused(std::string_view reason) const {
  for (const auto& [name, id] : refused_) {
    if (name == reason) return id;
  }
  return refused_other_;
}

GatewayApplication::GatewayApplication(const net::FilterChain<Exchange>& chain,
                                       const net::FilterChain<Exchange>& refusal_chain, Proxy& proxy,
                                       rate_limit::Limiter& limiter, runtime::TaskScope& tasks,
                                       log::AccessLog* access_log, const GatewayMetrics& metrics, metrics::Shard& shard)
    : chain_(chain),
      refusal_chain_(refusal_chain),
      proxy_(proxy),
      limiter_(limiter),
      tasks_(tasks),
      access_log_(access_log),
      metrics_(metrics),
      shard_(shard) {}

std::unique_ptr<net::Exchange> GatewayApplication::make_exchange() {
  return std::make_unique<Exchange>();
}

std::optional<net::Response> GatewayApplication::begin(net::Exchange& exchange) {
  Exchange& x = own(exchange);
  auto answer = chain_.run(x, x.next_stage);
  if (answer) chain_.unwind(x, *answer, x.next_stage);
  return answer;
}

Task<net::Response> GatewayApplication::handle(net::Exchange& exchange) {
  Exchange& x = own(exchange);
  auto answer = co_await chain_.run_waiting(x, x.next_stage);
  if (!answer) answer = co_await proxy_.handle(x);
  chain_.unwind(x, *answer, x.next_stage);
  co_return std::move(*answer);
}

net::Response GatewayApplication::refuse(net::Exchange& exchange, const Error& error, std::string_view reason) {
  Exchange& x = own(exchange);
  shard_.add(metrics_.refused(reason));
  std::size_t stage = 0;
  if (!x.head_valid) refusal_chain_.run(x, stage);  // otherwise the request has its id already
  net::Response response = api_gateway::refuse(x, error.code, explain(error.code));
  if (error.code == ErrorCode::MethodNotAllowed) response.add("Allow", kServerMethods);
  refusal_chain_.unwind(x, response, refusal_chain_.size());
  return response;
}

void GatewayApplication::finished(net::Exchange& exchange, const net::Completion& completion) {
  Exchange& x = own(exchange);
  const Route* const route = x.lookup.route;
  const bool routed = route != nullptr && route->config != nullptr;
  x.gathered.release();
  const auto total = std::chrono::duration_cast<std::chrono::microseconds>(completion.finished - x.started);
  metrics_.count(shard_, routed ? route->index : GatewayMetrics::kNoRoute, completion.status,
                 std::chrono::duration<double>(total).count());
  if (x.upstream_time != kNotMeasured && routed) {
    shard_.observe(metrics_.upstream_seconds(route->upstream), std::chrono::duration<double>(x.upstream_time).count());
  }
  for (auto* verdict : {&x.verdict, &x.user_verdict}) {
    if (*verdict && (*verdict)->needs_settling() && completion.status != 499) {
      tasks_.spawn(settle(limiter_, std::move(**verdict), completion.status));
    }
  }
  if (access_log_ == nullptr) return;
  if (x.client_text.empty()) x.peer.append_to(x.client_text);
  access_log_->write({.time = x.received,
                      .request_id = x.request_id(),
                      .trace_id = x.trace.trace_id,
                      .method = x.head_valid ? x.request.method_text : std::string_view(),
                      .path = x.path,
                      .route = routed ? route->id : std::string_view(),
                      .status = completion.status,
                      .bytes_in = completion.bytes_in,
                      .bytes_out = completion.bytes_out,
                      .total_us = total.count(),
                      .limiter_us = x.limiter_time.count(),
                      .upstream_us = x.upstream_time.count(),
                      .client = x.client_text,
                      .upstream = x.upstream_host,
                      .error_code = completion.code,
                      .schema_violation = x.schema_violation});
}

}  // namespace sallyport::api_gateway
