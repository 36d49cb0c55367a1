#pragma once

#include <optional>
#include <span>

#include "adapters/account_watch.hpp"
#include "adapters/unlock_guard.hpp"
#include "controllers/audit_trail.hpp"
#include "controllers/limits.hpp"
#include "controllers/users.hpp"
#include "sallyport/accounts/denylist_adapter.hpp"
#include "sallyport/accounts/service.hpp"
#include "sallyport/lockout/redis_lockout_store.hpp"
#include "sallyport/rate_limit/redis_store.hpp"
#include "sallyport/service/service.hpp"
#include "shared.hpp"

namespace sallyport::admin_service {

/// What the service does on one event loop. Members stand in the order in which they need each other.
class AdminLoop final : public service::Application {
 public:
  AdminLoop(service::LoopContext& context, Shared& shared);

  /// Loads the scripts of the lockout and, when limits are known, of the counters.
  runtime::Task<Result<void>> prepare(Deadline deadline) override;

  static std::span<const service::Route> routes() noexcept;

 private:
  lockout::LockoutStore& make_lockout_store(service::LoopContext& context);
  rate_limit::RateLimitStore& make_counter_store(service::LoopContext& context);

  Shared& shared_;
  std::optional<lockout::RedisLockoutStore> lockout_redis_;
  std::optional<rate_limit::RedisStore> counters_redis_;
  lockout::Lockout lockout_;
  UnlockGuard guard_;
  accounts::NoPasswords passwords_;
  accounts::NoDevices devices_;
  accounts::KeptDenylist denylist_;
  AccountWatch watch_;
  accounts::AccountService service_;
  Users users_;
  AuditTrail audit_trail_;
  Limits limits_;
};

}  // namespace sallyport::admin_service
