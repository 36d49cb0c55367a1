#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gather_budget.hpp"
#include "identity/outside_issuer.hpp"
#include "identity/principal.hpp"
#include "identity/session_check.hpp"
#include "routing/router.hpp"
#include "sallyport/api_gateway/config.hpp"
#include "sallyport/net/exchange.hpp"
#include "sallyport/observability/trace_context.hpp"
#include "sallyport/rate_limit/limiter.hpp"

namespace sallyport::validation {
class Operation;
}

namespace sallyport::api_gateway {

inline constexpr std::chrono::microseconds kNotMeasured{-1};

/// One request on its way through the gateway: what each step has found out for the steps below it.
struct Exchange final : net::Exchange {
  void reset() override {
    net::Exchange::reset();
    path = match_key = {};
    lookup = {};
    verdict.reset();
    token.reset();
    outside = nullptr;
    session.reset();
    principal.reset();
    user_verdict.reset();
    operation = nullptr;
    schema_violation = {};
    gathered.release();
    limiter_time = upstream_time = kNotMeasured;
    upstream_host.clear();
    client_text.clear();
    next_stage = 0;
    internal_access = preflight = false;
  }
  std::string_view request_id() const noexcept { return {id.data(), id.size()}; }

  std::array<char, 36> id;                      ///< UUIDv7 text; set by RequestContext
  trace::TraceContext trace;                    ///< set by RequestContext
  WallTime received;                            ///< set by RequestContext
  IpAddress client;                             ///< who asks, behind trusted proxies; set by ClientAddressFilter
  std::string client_text;                      ///< the same for the log; empty while nobody has looked
  std::string_view client_proto = "http";       ///< what it spoke at the edge; a literal; set by ClientAddressFilter
  bool internal_access = false;                 ///< set by ClientAddressFilter
  std::string_view path;                        ///< canonical: routed, limited and forwarded; set by RouteMatch
  std::string_view match_key;                   ///< lower case, without trailing slash; set by RouteMatch
  Lookup lookup;                                ///< set by RouteMatch
  bool preflight = false;                       ///< a CORS preflight that the gateway answers itself; set by Cors
  const rate_limit::LimitPlan* plan = nullptr;  ///< set by RateLimit
  std::optional<rate_limit::Verdict> verdict;   ///< set by RateLimit
  tokens::TokenCache::Entry token;              ///< what Authenticate works on; says nothing about who asks
  const OutsideIssuer* outside = nullptr;       ///< whose token it is when it is not ours; likewise
  std::shared_ptr<SessionQuestion> session;     ///< whether the token's session has ended; likewise
  std::optional<Principal> principal;           ///< who asks; set by Authenticate
  const rate_limit::LimitPlan* user_plan = nullptr;  ///< set by RateLimitByUser
  std::optional<rate_limit::Verdict> user_verdict;   ///< set by RateLimitByUser
  const validation::Operation* operation = nullptr;  ///< while SchemaCheck waits for a body to look into
  std::string_view schema_violation;                 ///< a literal; set by SchemaCheck
  GatherBudget::Hold gathered;                       ///< for a body that SchemaCheck has had to keep
  std::chrono::microseconds limiter_time = kNotMeasured;
  std::chrono::microseconds upstream_time = kNotMeasured;  ///< until the answer's head
  std::string upstream_host;                               ///< who answered; set by Proxy
  std::size_t next_stage = 0;                              ///< how far down the chain it is

  std::string path_scratch, key_scratch;
  std::string upstream_head;            ///< the request head as sent; reused
  net::http::ResponseHead answer_head;  ///< the upstream's; views into its connection's buffer
};

}  // namespace sallyport::api_gateway
