#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/accounts/rotation.hpp"
#include "sallyport/core/ip_address.hpp"
#include "sallyport/net/server.hpp"
#include "sallyport/observability/log.hpp"

namespace sallyport::auth_service {

/// What `sallyport auth` is told by its file; secrets and addresses of stores come from the environment.
struct AuthConfig {
  std::vector<net::ListenPoint> listen;
  std::uint32_t threads = 1;  ///< event loops; 0: one for each core
  std::string issuer;
  std::string audience;
  std::chrono::seconds access_ttl{900};
  accounts::TokenLifetimes lifetimes{};
  std::vector<Cidr> trusted_gateways;  ///< when the file says nothing: loopback
  std::vector<std::string> origins;
  std::string redis_key_prefix = "sp:";
  bool allow_plaintext = false;
  std::uint32_t database_connections = 8;
  log::Level log_level = log::Level::Info;
  bool access_log = true;
  std::chrono::milliseconds drain{5000};
  std::chrono::milliseconds shutdown_timeout{30000};
};

struct AuthConfigProblem {
  int line = 0, column = 0;  ///< 1-based; 0: the whole file
  std::string message;
};

struct LoadedAuthConfig {
  AuthConfig config;
  std::vector<AuthConfigProblem> problems;  ///< in the order of the file; empty: the config can be used
};

/// Reads a YAML map of scalars and lists, strictly: unknown keys, keys that stand twice, wrong types, values out of
/// bounds, anchors, aliases, tags and nesting are problems, and all are reported.
LoadedAuthConfig load_auth_config(std::string_view yaml);
/// "file:line:column: message", one a line.
std::string format_problems(std::string_view file, const std::vector<AuthConfigProblem>& problems);

}  // namespace sallyport::auth_service
