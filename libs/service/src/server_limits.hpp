#pragma once

#include "sallyport/net/server.hpp"

namespace sallyport::service {

inline constexpr std::uint32_t kConnectionsMax = 4096;

inline net::ServerLimits server_limits() {
  net::ServerLimits limits;
  limits.connections_max = kConnectionsMax;
  limits.connections_per_address_max = kConnectionsMax;  // all of them come from the gateway
  limits.requests_per_connection_max = 100'000;
  return limits;
}

}  // namespace sallyport::service
