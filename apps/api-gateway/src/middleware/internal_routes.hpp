#pragma once

#include <functional>
#include <string>

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"

namespace sallyport::api_gateway {

/// Whether the gateway answers this canonical path itself. Exact: `/HEALTH` or `/health/` are not meant.
bool is_internal(std::string_view path) noexcept;

/// Whether a path, canonical or as it was sent, asks for the gateway's health. Exact as well.
bool is_health_check(std::string_view path) noexcept;

/// What /health/ready tells.
struct Readiness {
  bool ready = true;              ///< false: send no new requests here
  std::string_view store = "ok";  ///< "ok", "unreachable", "in_process"
  std::string_view token_keys;    ///< "ok", "not_loaded"; empty: no route asks for tokens
};

/// "ok", "degraded" or "draining".
std::string_view status_of(const Readiness& state) noexcept;

/// Answers /health, /health/ready and /metrics.
/// Order:   before the limits: a monitor must see a gateway that is under attack.
/// Answers: 200; 503 when draining; 404 for /metrics from outside `internal_access`; 405.
/// Cost:    no wait; /metrics adds up the shards.
/// Posture: metrics and dependency details only for internal access.
class InternalRoutes final : public net::Filter<Exchange> {
 public:
  InternalRoutes(std::function<Readiness()> readiness, std::function<std::string()> metrics)
      : readiness_(std::move(readiness)), metrics_(std::move(metrics)) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;

 private:
  std::function<Readiness()> readiness_;
  std::function<std::string()> metrics_;
};

}  // namespace sallyport::api_gateway
