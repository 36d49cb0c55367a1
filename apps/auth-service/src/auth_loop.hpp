#pragma once

#include <optional>

#include "adapters/account_watch.hpp"
#include "adapters/device_marks.hpp"
#include "adapters/login_guard.hpp"
#include "controllers/own_account.hpp"
#include "controllers/sign_in.hpp"
#include "jobs.hpp"
#include "sallyport/accounts/denylist_adapter.hpp"
#include "sallyport/accounts/password_adapter.hpp"
#include "sallyport/lockout/fallback_lockout_store.hpp"
#include "sallyport/lockout/redis_lockout_store.hpp"
#include "sallyport/service/service.hpp"
#include "shared.hpp"

namespace sallyport::auth_service {

/// What the service does on one event loop. Members stand in the order in which they need each other.
class AuthLoop final : public service::Application {
 public:
  AuthLoop(service::LoopContext& context, Shared& shared);

  /// Loads the lockout's scripts; then, where the jobs run, denies what ended lately.
  runtime::Task<Result<void>> prepare(Deadline deadline) override;
  void start() override;
  runtime::Task<> stop() override;

  static std::span<const service::Route> routes() noexcept;

 private:
  lockout::LockoutStore& make_lockout_store();

  service::LoopContext& context_;
  Shared& shared_;
  std::optional<lockout::RedisLockoutStore> lockout_redis_;
  std::optional<lockout::FallbackLockoutStore> lockout_fallback_;
  lockout::Lockout lockout_;

  accounts::HashedPasswords passwords_;
  LockoutGuard guard_;
  CookieDeviceMarks devices_;
  accounts::KeptDenylist denylist_;
  AccountWatch watch_;
  accounts::AccountService service_;
  SignIn sign_in_;
  OwnAccount own_account_;
  std::optional<BackgroundJobs> jobs_;
};

}  // namespace sallyport::auth_service
