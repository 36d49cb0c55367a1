#pragma once

#include "exchange.hpp"
#include "middleware/client_address.hpp"
#include "middleware/cors.hpp"
#include "sallyport/net/filter.hpp"
#include "sallyport/observability/metrics.hpp"

namespace sallyport::api_gateway {

/// Refuses requests for hosts that this gateway does not answer for; off without `hosts`. Health checks pass, since a
/// probe knows an address and no name; what they are told is the same for every host.
/// Order:   after the client's address, so that a refusal is logged with it; before anything that routes.
/// Answers: 421 misdirected_request.
/// Cost:    no wait.
/// Posture: hardened against clients; what keeps a page of another origin from rebinding a name to a dev gateway.
class HostCheck final : public net::Filter<Exchange> {
 public:
  explicit HostCheck(const Config& config) : config_(config) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;

 private:
  const Config& config_;
};

/// Finds out who asks (find_client) and whether internal routes may be shown to them.
/// Order:   before everything that can refuse: the log names it, the limits count by it.
/// Answers: nothing.
/// Cost:    no wait; linear in the one forwarding field that is configured.
/// Posture: believes forwarding fields of trusted proxies only.
class ClientAddressFilter final : public net::Filter<Exchange> {
 public:
  ClientAddressFilter(const Config& config, metrics::Shard& shard, metrics::CounterId untrusted_forwarding)
      : config_(config), shard_(shard), untrusted_forwarding_(untrusted_forwarding) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;

 private:
  const Config& config_;
  metrics::Shard& shard_;
  metrics::CounterId untrusted_forwarding_;
};

/// Answers CORS preflights and marks answers for the origins that are configured; off without `cors.origins`.
/// Order:   after internal routes, before the limits: a preflight is the browser's question, not the user's request.
/// Answers: 204.
/// Cost:    no wait.
/// Posture: copies nothing of the request into an answer.
class Cors final : public net::Filter<Exchange> {
 public:
  explicit Cors(const CorsRules& rules) : rules_(rules) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;
  void on_response(Exchange& exchange, net::Response& response) override;

 private:
  const CorsRules& rules_;
};

}  // namespace sallyport::api_gateway
