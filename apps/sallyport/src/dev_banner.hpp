#pragma once

#include <string>
#include <vector>

#include "sallyport/api_gateway/config.hpp"

namespace sallyport::app {

/// What `sallyport dev` runs, for the person who started it.
struct DevScene {
  std::string counters = {};  ///< where they are
  std::string database = {};  ///< where it is
  bool echo = false;          ///< upstream `dev` is the built-in service
  std::string payer = {};     ///< who has example payments; empty: there is no example
};

/// The text that is printed once requests are served: routes, limits, addresses and commands to try.
std::string dev_banner(const api_gateway::Config& config, const DevScene& scene, const std::vector<std::string>& urls);

}  // namespace sallyport::app
