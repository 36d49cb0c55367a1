#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/accounts/rotation.hpp"
#include "sallyport/service/common_settings.hpp"
#include "sallyport/service/settings.hpp"

namespace sallyport::auth_service {

/// What `sallyport auth` is told by its file; secrets and addresses of stores come from the environment.
struct AuthConfig {
  service::CommonSettings common;
  std::chrono::seconds access_ttl{900};
  accounts::TokenLifetimes lifetimes{};
  /// Origins besides our own whose pages may refresh by cookie, exactly as browsers write them.
  std::vector<std::string> origins;
};

struct LoadedAuthConfig {
  AuthConfig config;
  std::vector<service::SettingsProblem> problems;  ///< in the order of the file; empty: the config can be used
};

LoadedAuthConfig load_auth_config(std::string_view yaml);

}  // namespace sallyport::auth_service
