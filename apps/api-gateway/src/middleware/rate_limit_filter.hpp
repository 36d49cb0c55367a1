#pragma once

#include <map>
#include <memory>
#include <utility>

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"
#include "sallyport/rate_limit/limiter.hpp"

namespace sallyport::api_gateway {

class Authenticate;

/// What both limits have in common: asking the limiter with a plan, and turning its verdict into an answer.
class LimitStep final {
 public:
  LimitStep(rate_limit::Limiter& limiter, const rate_limit::LimitSettings& settings,
            const rate_limit::LimiterMetrics& metrics, const Clock& clock)
      : limiter_(limiter), settings_(settings), metrics_(metrics), clock_(clock) {}

  /// Sets the plan, and the verdict unless the store has to be asked for it.
  std::optional<net::Response> try_without_store(const Exchange& exchange, PolicyList policies,
                                                 const rate_limit::LimitPlan*& plan,
                                                 std::optional<rate_limit::Verdict>& verdict);
  /// Sets the verdict. All references outlive the task.
  runtime::Task<std::optional<net::Response>> ask_store(Exchange& exchange, const rate_limit::LimitPlan& plan,
                                                        std::optional<rate_limit::Verdict>& verdict);

 private:
  const rate_limit::LimitPlan& plan_of(PolicyList policies, std::string_view bucket);

  rate_limit::Limiter& limiter_;
  const rate_limit::LimitSettings settings_;
  const rate_limit::LimiterMetrics& metrics_;
  /// Compiled when first needed, by the router's own list and name: as many as the configuration has routes, no more.
  std::map<std::pair<const void*, const void*>, std::unique_ptr<rate_limit::LimitPlan>> plans_;
  const Clock& clock_;
};

/// Refuses a request whose caller has used up its budget.
/// Order:   after the client's address and the route are known, before anything that costs: a flood must not buy work.
/// Answers: 429 rate_limited; 503 limiter_unavailable where a policy says on_store_error: deny.
/// Cost:    one store round trip for each kind of identity; none while the caller is known to be blocked.
/// Posture: hardened against clients; trusts its store, and survives its absence.
class RateLimit final : public net::WaitingFilter<Exchange> {
 public:
  /// authenticate: may send along what it wants to know while this waits.
  RateLimit(LimitStep step, Authenticate& authenticate) : step_(std::move(step)), authenticate_(authenticate) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;
  bool must_wait(Exchange& exchange) override;
  runtime::Task<std::optional<net::Response>> wait(Exchange& exchange) override;
  /// Writes the fields of both limits, as one.
  void on_response(Exchange& exchange, net::Response& response) override;

 private:
  LimitStep step_;
  Authenticate& authenticate_;
};

/// The policies with `key: user`. Who has not signed in, where that is optional, counts with the address.
/// Order:   right after Authenticate, which says who the user is.
/// Answers: as RateLimit.
/// Cost:    a branch for a route without such a policy; else one more store round trip.
/// Posture: as RateLimit.
class RateLimitByUser final : public net::WaitingFilter<Exchange> {
 public:
  explicit RateLimitByUser(LimitStep step) : step_(std::move(step)) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;
  bool must_wait(Exchange& exchange) override;
  runtime::Task<std::optional<net::Response>> wait(Exchange& exchange) override;

 private:
  LimitStep step_;
};

}  // namespace sallyport::api_gateway
