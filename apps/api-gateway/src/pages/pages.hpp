#pragma once

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"

namespace sallyport::api_gateway {

enum class Docs : std::uint8_t { Off, On };

/// Answers /docs (the API reference), /openapi/*.yaml (what it is drawn from) and /problems (what the `type` of a
/// problem document leads to). They go before routes of the same paths.
/// Order:   after RateLimit, since a page is a request like any other; before Authenticate: the contract is public.
/// Answers: 200 with a content security policy of its own; 404 below these paths; 405.
/// Cost:    no wait; a copy of the page, while the library is sent out of the executable as it lies there.
/// Posture: nothing of the request gets into a page, and no page loads anything from elsewhere.
class Pages final : public net::Filter<Exchange> {
 public:
  explicit Pages(Docs docs) : docs_(docs) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;

 private:
  Docs docs_;
};

}  // namespace sallyport::api_gateway
