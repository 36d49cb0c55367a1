#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/auth_service/auth_config.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/core/ip_address.hpp"
#include "sallyport/denylist/memory_denylist.hpp"
#include "sallyport/net/server.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/passwords/password_hasher.hpp"
#include "sallyport/secrets/service_secrets.hpp"
#include "sallyport/service/request_context.hpp"
#include "sallyport/storage/redis_url.hpp"
#include "sallyport/storage/sql/database_url.hpp"

namespace sallyport::lockout {
class MemoryLockoutStore;
}

namespace sallyport::auth_service {

struct AuthServiceOptions {
  secrets::AuthSecrets secrets;  ///< its two addresses are not looked at
  storage::DatabaseUrl database;
  AuthConfig config;
  std::optional<storage::RedisUrl> redis = std::nullopt;  ///< without: lockout and denylist live in this process
  log::Logger* statement_log = nullptr;  ///< storage::SqlPoolOptions::statement_log; never in production
  passwords::PasswordHasher::Options hashing{};
  /// The denylist of this process; hand in the one that a gateway in the same process asks. Null: one of its own.
  std::shared_ptr<denylist::MemoryDenylist> denylist = nullptr;
  /// Counters of wrong passwords of this process; hand in the ones that an admin service in the same process unlocks.
  /// Null: of its own.
  std::shared_ptr<lockout::MemoryLockoutStore> lockout = nullptr;
};

/// The identity service: accounts, sessions, tokens. Its event loops, listeners, jobs and their life. start() and
/// stop() belong to one thread; that thread's signals are its caller's business.
class AuthService final {
 public:
  /// logger outlives the service; its redactor should know secrets.known_values(). Throws std::invalid_argument for an
  /// issuer, audience or ttl that no token can carry.
  AuthService(AuthServiceOptions options, log::Logger& logger);
  ~AuthService();  ///< stops without draining
  AuthService(const AuthService&) = delete;
  AuthService& operator=(const AuthService&) = delete;

  /// Checks the schema (which must be the program's own: migrations are `sallyport migrate`'s or the caller's), reaches
  /// Redis, denies once more what ended lately, listens. Blocks, for about ten seconds at most. An error's detail says
  /// what is the matter, with addresses and without secrets; the service is then stopped and of no use.
  /// interrupted: asked every few milliseconds; true gives up.
  Result<void> start(const std::function<bool()>& interrupted = {});
  /// "http://ADDR:PORT" of each listener, after start().
  const std::vector<std::string>& urls() const noexcept;
  /// The key set as /.well-known/jwks.json serves it.
  const std::string& jwks() const noexcept;

  /// Readiness turns 503 and answers close their connections; everything is still served.
  void begin_drain();
  /// Closes the listeners, finishes what is in flight (cut off after shutdown_timeout), ends the jobs, then the
  /// database connections. Harmless to repeat.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::auth_service
