#include <cstdio>

#include "commands.hpp"
#include "load.hpp"

namespace sallyport::app {

int check_config(const std::string& file) {
  const auto config = load_config_file(file, api_gateway::ConfigMode::Production, {});
  if (!config) return 1;
  std::printf("%s: ok (%zu routes, %zu upstreams, %zu rate limits)\n", file.c_str(), config->routes.size(),
              config->upstreams.size(), config->rate_limits.size());
  return 0;
}

int print_config_reference() {
  std::fputs(api_gateway::configuration_reference().c_str(), stdout);
  return 0;
}

}  // namespace sallyport::app
