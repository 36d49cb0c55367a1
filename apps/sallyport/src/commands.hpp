#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sallyport::app {

/// Each command returns the process' exit code: 0, 1 when it failed, 2 when it was called wrongly. Errors go to stderr.

struct GatewayArguments {
  std::string config_file;
};
int run_gateway(const GatewayArguments& arguments);

struct DevArguments {
  std::string listen = "127.0.0.1:8080";
  std::optional<std::string> redis;
  std::optional<std::string> config_file;
  std::optional<std::string> database;  ///< without: a file in data_folder
  std::string data_folder;              ///< where accounts and generated secrets are kept
  std::vector<std::string> upstreams;   ///< PREFIX=URL
  std::uint32_t threads = 0;
  bool insecure_listen = false;
  bool demo = false;     ///< example users and payments
  bool log_sql = false;  ///< the services' statements, without their parameters
};
int run_dev(const DevArguments& arguments);

int check_config(const std::string& file);
int print_config_reference();

}  // namespace sallyport::app
