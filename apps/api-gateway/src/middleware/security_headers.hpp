#pragma once

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"

namespace sallyport::api_gateway {

/// Puts the security fields on every answer.
/// Order:   near the top, so that refusals carry them too.
/// Answers: nothing.
/// Cost:    no wait; one append when the upstream brought none of the fields.
/// Posture: nosniff is always ours; of the others an upstream's own value stands, since a page needs its own policy.
class SecurityHeaders final : public net::Filter<Exchange> {
 public:
  void on_response(Exchange& exchange, net::Response& response) override;
};

}  // namespace sallyport::api_gateway
