#pragma once

#include "sallyport/accounts/absent_parts.hpp"
#include "sallyport/lockout/lockout.hpp"

namespace sallyport::admin_service {

/// Of the guard of logins, what an administrator needs: to unlock. One for each event loop; `lockout` outlives it.
class UnlockGuard final : public accounts::NoLoginGuard {
 public:
  explicit UnlockGuard(lockout::Lockout& lockout) : lockout_(lockout) {}

  Task<void> unlock(accounts::UserId user, Deadline) override {
    auto unlocked = co_await lockout_.unlock(user.to_string());
    if (!unlocked) co_return std::unexpected(std::move(unlocked.error()));
    co_return Result<void>{};
  }

 private:
  lockout::Lockout& lockout_;
};

}  // namespace sallyport::admin_service
