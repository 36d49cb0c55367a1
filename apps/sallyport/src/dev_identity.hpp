#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/auth_service/auth_service.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/secrets/service_secrets.hpp"
#include "sallyport/storage/redis_url.hpp"

namespace sallyport::app {

/// The auth service of `sallyport dev --data DIR`: accounts in DIR/accounts.db, secrets of its own in DIR/secrets.env,
/// made when they are missing and readable for their owner only.
class DevIdentity final {
 public:
  /// Makes the folder and the secrets, or reads them. The error says what is the matter, without a secret.
  static std::expected<DevIdentity, std::string> prepare(const std::string& folder);

  /// For the logger's redactor.
  secrets::SecretValues known_values() const { return secrets_.known_values(); }
  /// Brings the database up to date and serves on a free loopback port. The logger outlives the service.
  std::expected<std::unique_ptr<auth_service::AuthService>, std::string> start(std::optional<storage::RedisUrl> redis,
                                                                               log::Logger& logger) const;

 private:
  DevIdentity(std::string folder, secrets::AuthSecrets secrets)
      : folder_(std::move(folder)), secrets_(std::move(secrets)) {}

  std::string folder_;
  secrets::AuthSecrets secrets_;
};

/// The port in "http://ADDR:PORT".
std::uint16_t port_of(const std::string& url);

}  // namespace sallyport::app
