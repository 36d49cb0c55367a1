#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "sallyport/service/service.hpp"
#include "sallyport/service/settings.hpp"

namespace sallyport::service {

/// What the file of every service says. Secrets and addresses of stores come from the environment.
struct CommonSettings {
  std::vector<net::ListenPoint> listen;
  std::uint32_t threads = 1;  ///< event loops; 0: one for each core
  std::string issuer;
  std::string audience;
  std::string jwks_url;                ///< only of services that verify another's tokens
  std::vector<Cidr> trusted_gateways;  ///< when the file says nothing: loopback
  std::string redis_key_prefix = "sp:";
  bool allow_plaintext = false;
  std::uint32_t database_connections = 8;
  std::uint32_t instances = 1;  ///< processes of this service
  log::Level log_level = log::Level::Info;
  bool access_log = true;
  std::chrono::milliseconds drain{5000};
  std::chrono::milliseconds shutdown_timeout{30000};
};

enum class SigningKeys : std::uint8_t {
  Own,        ///< the service signs the tokens itself: no jwks_url
  Elsewhere,  ///< jwks_url is required
};

/// Adds the common keys to a table; `settings` outlives it.
void add_common_settings(SettingsTable& table, CommonSettings& settings, SigningKeys keys);

/// Carries everything over that a service's options have; jwks_url (when there is one) becomes `keys`.
void apply(const CommonSettings& settings, ServiceOptions& options);

}  // namespace sallyport::service
