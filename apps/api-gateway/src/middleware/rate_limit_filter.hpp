#pragma once

#include <map>
#include <memory>
#include <utility>

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"
#include "sallyport/rate_limit/limiter.hpp"

namespace sallyport::api_gateway {

/// Refuses a request whose caller has used up its budget.
/// Order:   after the client's address and the route are known, before anything that costs: a flood must not buy work.
/// Answers: 429 rate_limited; 503 limiter_unavailable where a policy says on_store_error: deny.
/// Cost:    one store round trip for each kind of identity; none while the caller is known to be blocked.
/// Posture: hardened against clients; trusts its store, and survives its absence.
class RateLimit final : public net::WaitingFilter<Exchange> {
 public:
  RateLimit(rate_limit::Limiter& limiter, const rate_limit::LimitSettings& settings,
            const rate_limit::LimiterMetrics& metrics, const Clock& clock)
      : limiter_(limiter), settings_(settings), metrics_(metrics), clock_(clock) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;
  bool must_wait(Exchange& exchange) override;
  runtime::Task<std::optional<net::Response>> wait(Exchange& exchange) override;
  void on_response(Exchange& exchange, net::Response& response) override;

 private:
  static std::optional<net::Response> judge(Exchange& exchange);
  const rate_limit::LimitPlan& plan_of(const Lookup& lookup);

  rate_limit::Limiter& limiter_;
  const rate_limit::LimitSettings settings_;
  const rate_limit::LimiterMetrics& metrics_;
  /// Compiled when first needed, by the router's own list and name: as many as the configuration has routes, no more.
  std::map<std::pair<const void*, const void*>, std::unique_ptr<rate_limit::LimitPlan>> plans_;
  const Clock& clock_;
};

}  // namespace sallyport::api_gateway
