#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "middleware/internal_routes.hpp"
#include "status/census.hpp"

namespace sallyport::api_gateway {

/// What is told of a gateway. All references are needed for the call only.
struct StatusFacts {
  const Config& config;
  Readiness readiness;
  std::chrono::seconds uptime{0};
  std::uint32_t connections = 0;  ///< of clients
  const std::vector<std::unique_ptr<UpstreamShared>>& upstreams;
  const Census& census;
};

/// GatewayStatus of openapi/admin.yaml.
std::string status_json(const StatusFacts& facts);

}  // namespace sallyport::api_gateway
