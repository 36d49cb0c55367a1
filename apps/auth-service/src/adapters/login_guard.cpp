#include "adapters/login_guard.hpp"

#include <utility>

namespace sallyport::auth_service {

using accounts::Email;
using accounts::GuardedAccount;
using accounts::UserId;

lockout::Subject LockoutGuard::subject_of(const GuardedAccount& account) const {
  const auto* const user = std::get_if<UserId>(&account.who);
  const std::string id =
      user != nullptr ? user->to_string() : lockout::pseudonym(pepper_, std::get<Email>(account.who).text());
  if (account.changing_in) return lockout::Subject::password_change(id, account.changing_in->to_string());
  if (account.device) return lockout::Subject::device(id, *account.device);
  return lockout::Subject::account(id);
}

LockoutGuard::Task<std::variant<LockoutGuard::Lease, LockoutGuard::Locked>> LockoutGuard::reserve(
    GuardedAccount account, Deadline deadline) {
  auto reserved = co_await lockout_.reserve(subject_of(account), deadline);
  if (!reserved) {
    switch (reserved.error().kind) {
      case lockout::Refusal::Kind::Locked:
        co_return Locked{reserved.error().retry_after};
      case lockout::Refusal::Kind::Overloaded:
        co_return fail(ErrorCode::Overloaded, "no place for another password of this account", ErrorOrigin::Internal,
                       Retry::Safe);
      case lockout::Refusal::Kind::Unavailable:
        break;
    }
    co_return fail(ErrorCode::ServiceUnavailable, "the store of the lockout failed");
  }
  std::string id = std::to_string(next_++);
  open_.emplace(id, *std::move(reserved));
  co_return Lease{std::move(account), std::move(id)};
}

LockoutGuard::Task<LockoutGuard::Settled> LockoutGuard::settle(Lease lease, Verdict verdict, Deadline) {
  auto open = open_.extract(lease.id);
  if (open.empty()) co_return fail(ErrorCode::InternalError, "a try was settled twice");
  const auto outcome = verdict == Verdict::Right   ? lockout::Outcome::Ok
                       : verdict == Verdict::Wrong ? lockout::Outcome::Fail
                                                   : lockout::Outcome::Abort;
  const auto settled = co_await lockout_.settle(std::move(open.mapped()), outcome);
  if (!settled.reveal) co_return fail(ErrorCode::Overloaded, "a password took longer than its lease");
  co_return Settled{settled.locked_now};
}

LockoutGuard::Task<void> LockoutGuard::unlock(UserId user, Deadline) {
  auto unlocked = co_await lockout_.unlock(user.to_string());
  if (!unlocked) co_return std::unexpected(std::move(unlocked.error()));
  co_return Result<void>{};
}

}  // namespace sallyport::auth_service
