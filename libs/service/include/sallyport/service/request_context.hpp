#pragma once

#include <chrono>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/service/exchange.hpp"

namespace sallyport::service {

/// Most time that one request gets; a gateway may grant less.
inline constexpr std::chrono::milliseconds kRequestBudget{10'000};

/// 127.0.0.0/8 and ::1.
std::vector<Cidr> loopback_blocks();

/// Finds out on whose behalf, under which id and how long a request may work. X-Forwarded-For, X-Forwarded-Proto,
/// X-Request-Id, X-Request-Timeout-Ms and traceparent count only when the peer is a trusted gateway, each only when it
/// stands there once and in its exact form; anybody else is the client itself.
class RequestContext final {
 public:
  /// All outlive it.
  RequestContext(const std::vector<Cidr>& trusted_gateways, const Clock& clock, Random& random)
      : trusted_gateways_(trusted_gateways), clock_(clock), random_(random) {}

  /// Also for a head that was refused: then only what the peer says counts.
  void prepare(Exchange& exchange) const;

 private:
  const std::vector<Cidr>& trusted_gateways_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace sallyport::service
