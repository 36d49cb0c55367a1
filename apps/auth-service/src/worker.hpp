#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/account_watch.hpp"
#include "adapters/denylist.hpp"
#include "adapters/device_marks.hpp"
#include "adapters/login_guard.hpp"
#include "adapters/password_work.hpp"
#include "adapters/token_mint.hpp"
#include "application.hpp"
#include "jobs.hpp"
#include "sallyport/accounts/sql_repository.hpp"
#include "sallyport/auth_service/auth_service.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/lockout/fallback_lockout_store.hpp"
#include "sallyport/lockout/redis_lockout_store.hpp"
#include "sallyport/net/server.hpp"

namespace sallyport::auth_service {

/// What all event loops share. Everything in it is immutable or thread-safe, and outlives the workers.
struct Shared {
  Shared(AuthServiceOptions settings, log::Logger& log);

  AuthServiceOptions options;
  log::Logger& logger;
  SystemClock clock;
  crypto::SecureRandom random;
  std::shared_ptr<MemoryDenylist> denylist;
  const tokens::AccessTokenIssuer issuer;
  const std::shared_ptr<const tokens::KeySet> keys;
  const std::string jwks;
  const RingMint mint;
  const IssuerSigner signer;
  const passwords::PasswordPolicy policy;
  passwords::PasswordHasher hasher;
  const lockout::DeviceCookies device_cookies;
  metrics::Registry registry;
  const lockout::LockoutMetrics lockout_metrics;
  const AuthMetrics metrics;
  lockout::MemoryLockoutStore lockout_memory;
  net::ConnectionBudget connections;
  storage::SqlPool pool;
  accounts::SqlAccountRepository repository;
  std::atomic<bool> draining{false};
};

/// One event loop with everything that works on it. Members stand in the order in which they need each other.
class Worker final {
 public:
  enum class Jobs : std::uint8_t { None, Run };

  Worker(Shared& shared, Jobs jobs);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  asio::io_context& io() noexcept { return io_; }

  // On the worker's own thread:
  /// Reaches Redis and proves that it can be written to; then, where the jobs run, denies what ended lately.
  runtime::Task<Result<void>> prepare(Deadline deadline);
  /// Makes prepare() fail soon.
  void give_up();
  void serve(const std::vector<int>& listeners);
  void begin_drain() noexcept { server_.begin_drain(); }
  /// Ends everything; on_done is called when nothing of this worker runs any more.
  void stop(std::function<void()> on_done);
  void abort_connections() { server_.abort_connections(); }

 private:
  lockout::LockoutStore& make_lockout_store();
  runtime::Task<> flush_logs();
  runtime::Task<> shut_down(std::function<void()> on_done);

  Shared& shared_;
  asio::io_context io_;
  FastRandom jitter_;
  metrics::Shard& shard_;
  std::optional<storage::RedisClient> redis_;
  std::optional<lockout::RedisLockoutStore> lockout_redis_;
  std::optional<lockout::FallbackLockoutStore> lockout_fallback_;
  lockout::Lockout lockout_;

  HashedPasswords passwords_;
  LockoutGuard guard_;
  CookieDeviceMarks devices_;
  Denylist denylist_;
  AccountWatch watch_;
  accounts::AccountService service_;
  tokens::CachedVerifier verifier_;
  Bearer bearer_;
  RequestContext context_;
  SignIn sign_in_;
  OwnAccount own_account_;
  Readiness readiness_;
  std::optional<log::AccessLog> access_log_;
  AuthApplication application_;
  net::Server server_;
  std::optional<BackgroundJobs> jobs_;
  runtime::Timer flush_timer_;
  runtime::TaskScope lifetime_;
  bool stopping_ = false;
};

}  // namespace sallyport::auth_service
