#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "dev_home.hpp"
#include "sallyport/admin_service/admin_service.hpp"
#include "sallyport/api_gateway/config.hpp"
#include "sallyport/auth_service/auth_service.hpp"
#include "sallyport/denylist/memory_denylist.hpp"
#include "sallyport/lockout/memory_lockout_store.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/payments_sandbox/sandbox.hpp"
#include "sallyport/payments_service/payments_service.hpp"
#include "sallyport/rate_limit/limit_catalog.hpp"
#include "sallyport/rate_limit/memory_store.hpp"
#include "sallyport/storage/redis_url.hpp"

namespace sallyport::app {

/// What `sallyport dev` has behind its gateway, each on a free loopback port: the auth, admin and payments services,
/// with one database, one denylist and one set of counters, and a card processor that moves no money. Their order is
/// that of their members: who is asked starts first and stops last.
class DevServices final {
 public:
  /// home and the loggers outlive it; statement_log may be null. The database has been brought up to date.
  DevServices(const DevHome& home, std::optional<storage::RedisUrl> redis, log::Logger& logger,
              log::Logger* statement_log);

  /// The error says what is the matter, without a secret.
  std::expected<void, std::string> start();

  /// Who asks the services' own denylist, in the same process.
  const std::shared_ptr<denylist::MemoryDenylist>& denylist() const noexcept { return denylist_; }
  /// What a gateway in the same process counts in, when it has no Redis.
  const std::shared_ptr<rate_limit::MemoryStore>& counters() const noexcept { return counters_; }
  /// Tells the admin service what that gateway counts.
  void use_limits(rate_limit::LimitCatalog limits) const { admin_->use_limits(std::move(limits)); }
  /// Of the card processor, after start().
  std::string processor_url() const { return sandbox_->url(); }

  /// Adds upstreams and routes of the services that run; the gateway then checks the auth service's tokens. Those
  /// patterns stay out that are somebody else's already.
  void add_to(api_gateway::Config& config) const;

 private:
  std::expected<void, std::string> start_sandbox();
  std::expected<void, std::string> start_auth();
  std::expected<void, std::string> start_admin();
  std::expected<void, std::string> start_payments();
  /// What all services' options have.
  template <class Options>
  void fill(Options& options) const;
  std::string jwks_url() const;

  const DevHome& home_;
  const std::optional<storage::RedisUrl> redis_;
  log::Logger& logger_;
  log::Logger* const statement_log_;
  std::shared_ptr<denylist::MemoryDenylist> denylist_;
  std::shared_ptr<lockout::MemoryLockoutStore> lockout_;
  std::shared_ptr<rate_limit::MemoryStore> counters_;
  std::unique_ptr<payments_sandbox::Sandbox> sandbox_;
  std::unique_ptr<auth_service::AuthService> auth_;
  std::unique_ptr<admin_service::AdminService> admin_;
  std::unique_ptr<payments_service::PaymentsService> payments_;
};

}  // namespace sallyport::app
