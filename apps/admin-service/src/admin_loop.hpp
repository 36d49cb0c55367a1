#pragma once

#include <optional>
#include <span>

#include "adapters/account_watch.hpp"
#include "adapters/unlock_guard.hpp"
#include "controllers/audit_trail.hpp"
#include "controllers/users.hpp"
#include "sallyport/accounts/denylist_adapter.hpp"
#include "sallyport/accounts/service.hpp"
#include "sallyport/lockout/redis_lockout_store.hpp"
#include "sallyport/service/service.hpp"
#include "shared.hpp"

namespace sallyport::admin_service {

/// What the service does on one event loop. Members stand in the order in which they need each other.
class AdminLoop final : public service::Application {
 public:
  AdminLoop(service::LoopContext& context, Shared& shared);

  /// Loads the lockout's scripts.
  runtime::Task<Result<void>> prepare(Deadline deadline) override;

  static std::span<const service::Route> routes() noexcept;

 private:
  lockout::LockoutStore& make_lockout_store(service::LoopContext& context);

  Shared& shared_;
  std::optional<lockout::RedisLockoutStore> lockout_redis_;
  lockout::Lockout lockout_;
  UnlockGuard guard_;
  accounts::NoPasswords passwords_;
  accounts::NoDevices devices_;
  accounts::KeptDenylist denylist_;
  AccountWatch watch_;
  accounts::AccountService service_;
  Users users_;
  AuditTrail audit_trail_;
};

}  // namespace sallyport::admin_service
