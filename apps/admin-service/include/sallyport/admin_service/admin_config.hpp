#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/service/common_settings.hpp"
#include "sallyport/service/settings.hpp"

namespace sallyport::admin_service {

/// What `sallyport admin` is told by its file; secrets and addresses of stores come from the environment.
struct AdminConfig {
  service::CommonSettings common;
  std::chrono::seconds access_ttl{900};  ///< as the auth service has it: how long an ended session is denied
  std::string gateway_config;            ///< path of the gateway's file, for its limits; empty: they are not known
};

struct LoadedAdminConfig {
  AdminConfig config;
  std::vector<service::SettingsProblem> problems;  ///< in the order of the file; empty: the config can be used
};

LoadedAdminConfig load_admin_config(std::string_view yaml);

}  // namespace sallyport::admin_service
