#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/admin_service/admin_config.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/denylist/memory_denylist.hpp"
#include "sallyport/lockout/memory_lockout_store.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/rate_limit/limit_catalog.hpp"
#include "sallyport/rate_limit/memory_store.hpp"
#include "sallyport/secrets/service_secrets.hpp"
#include "sallyport/storage/redis_url.hpp"
#include "sallyport/storage/sql/database_url.hpp"

namespace sallyport::admin_service {

struct AdminServiceOptions {
  secrets::AdminSecrets secrets;  ///< its two addresses are not looked at
  storage::DatabaseUrl database;
  AdminConfig config;
  std::optional<storage::RedisUrl> redis = std::nullopt;
  log::Logger* statement_log = nullptr;  ///< storage::SqlPoolOptions::statement_log; never in production
  /// Those of an auth service in the same process, without Redis the only way to reach it. Null: of its own.
  std::shared_ptr<denylist::MemoryDenylist> denylist = nullptr;
  std::shared_ptr<lockout::MemoryLockoutStore> lockout = nullptr;
  /// The counters of a gateway in the same process, likewise.
  std::shared_ptr<rate_limit::MemoryStore> counters = nullptr;
  /// What the gateway counts; without, /admin/rate-limits is 503 until use_limits(). config.gateway_config is not read.
  std::optional<rate_limit::LimitCatalog> limits = std::nullopt;
};

/// The admin service: users, their sessions and locks, limits, and the audit trail, for administrators. It holds no
/// signing key and reads no password hash. start() and stop() belong to one thread; that thread's signals are its
/// caller's business.
class AdminService final {
 public:
  /// logger outlives the service; its redactor should know secrets.known_values(). Throws std::invalid_argument for an
  /// issuer, audience or jwks_url that is none.
  AdminService(AdminServiceOptions options, log::Logger& logger);
  ~AdminService();  ///< stops without draining
  AdminService(const AdminService&) = delete;
  AdminService& operator=(const AdminService&) = delete;

  /// Checks the schema, reaches Redis, listens. Blocks, for about ten seconds at most. Until the keys of the auth
  /// service have been fetched, everything is answered 503. An error's detail says what is the matter, with addresses
  /// and without secrets; the service is then stopped and of no use.
  /// interrupted: asked every few milliseconds; true gives up.
  Result<void> start(const std::function<bool()>& interrupted = {});
  /// "http://ADDR:PORT" of each listener, after start().
  const std::vector<std::string>& urls() const noexcept;
  /// What the gateway counts from now on. At any time, from any thread.
  void use_limits(rate_limit::LimitCatalog limits);

  /// Readiness turns 503 and answers close their connections; everything is still served.
  void begin_drain();
  /// Finishes what is in flight, then closes the database connections. Harmless to repeat.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::admin_service
