#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "sallyport/admin_service/admin_service.hpp"
#include "sallyport/api_gateway/config.hpp"
#include "sallyport/auth_service/auth_service.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/denylist/memory_denylist.hpp"
#include "sallyport/lockout/memory_lockout_store.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/secrets/service_secrets.hpp"
#include "sallyport/storage/redis_url.hpp"
#include "sallyport/storage/sql/database_url.hpp"

namespace sallyport::app {

/// The identity of `sallyport dev`: accounts with their first administrator, and the auth and admin services that the
/// gateway has behind it. Errors say what is the matter, without a secret.
class DevIdentity final {
 public:
  /// Makes the folder and the secrets, or reads them. Without `database`, accounts are in FOLDER/accounts.db.
  static std::expected<DevIdentity, std::string> prepare(const std::string& folder,
                                                         std::optional<storage::DatabaseUrl> database);

  /// For the logger's redactor.
  secrets::SecretValues known_values() const;

  /// Brings the database up to date. When there is nobody in it yet, makes an administrator, whose password goes to the
  /// terminal, or into a file beside the secrets when stdout is none; never through the logger.
  std::expected<void, std::string> set_up(log::Logger& logger) const;
  /// Serves on a free loopback port. The loggers outlive the service; statement_log may be null.
  std::expected<std::unique_ptr<auth_service::AuthService>, std::string> start(std::optional<storage::RedisUrl> redis,
                                                                               log::Logger& logger,
                                                                               log::Logger* statement_log) const;
  /// Likewise the admin service, beside the auth service at `auth_url`.
  std::expected<std::unique_ptr<admin_service::AdminService>, std::string> start_admin(
      const std::string& auth_url, std::optional<storage::RedisUrl> redis, log::Logger& logger,
      log::Logger* statement_log) const;

  /// Who asks the service's own denylist, in the same process.
  const std::shared_ptr<denylist::MemoryDenylist>& denylist() const noexcept { return denylist_; }
  /// Where the accounts are, for a person.
  std::string place() const { return database_.endpoint(); }

 private:
  DevIdentity(std::string folder, secrets::AuthSecrets secrets, storage::DatabaseUrl database);
  std::expected<void, std::string> tell_password(const std::string& email) const;

  std::string folder_;
  secrets::AuthSecrets secrets_;
  storage::DatabaseUrl database_;
  Secret<std::string> first_password_;  ///< of an administrator who may never be made
  std::shared_ptr<denylist::MemoryDenylist> denylist_;
  std::shared_ptr<lockout::MemoryLockoutStore> lockout_;
};

/// The routes of both services, at these URLs; the gateway then checks the auth service's tokens. Those patterns stay
/// out that are somebody else's already.
void add_identity(api_gateway::Config& config, const std::string& auth_url, const std::string& admin_url);

}  // namespace sallyport::app
