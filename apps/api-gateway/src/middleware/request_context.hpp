#pragma once

#include "exchange.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/net/filter.hpp"

namespace sallyport::api_gateway {

/// Gives the request its id (UUIDv7, RFC 9562) and its place in a trace (W3C traceparent, continued or begun).
/// Order:   first: everything below, refusals included, is named by them.
/// Answers: nothing; adds X-Request-Id to every answer.
/// Cost:    no wait.
/// Posture: a client's own X-Request-Id is never taken over; its trace id is, since that is what it is for.
class RequestContext final : public net::Filter<Exchange> {
 public:
  RequestContext(const Clock& clock, Random& random) : clock_(clock), random_(random) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;
  void on_response(Exchange& exchange, net::Response& response) override;

 private:
  const Clock& clock_;
  Random& random_;
};

}  // namespace sallyport::api_gateway
