#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "sallyport/accounts/ports.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/lockout/lockout.hpp"

namespace sallyport::auth_service {

/// The lockout behind the port of the accounts. An address that nobody registered is counted under its pseudonym, which
/// looks like a user's id. One for each event loop.
class LockoutGuard final : public accounts::LoginGuard {
 public:
  /// Both outlive the guard. pepper: raw bytes.
  LockoutGuard(lockout::Lockout& lockout, const Secret<std::string>& pepper) : lockout_(lockout), pepper_(pepper) {}

  Task<std::variant<Lease, Locked>> reserve(accounts::GuardedAccount account, Deadline deadline) override;
  Task<Settled> settle(Lease lease, Verdict verdict, Deadline deadline) override;
  Task<void> unlock(accounts::UserId user, Deadline deadline) override;

 private:
  lockout::Subject subject_of(const accounts::GuardedAccount& account) const;

  lockout::Lockout& lockout_;
  const Secret<std::string>& pepper_;
  std::unordered_map<std::string, lockout::Reservation> open_;  ///< by the id of the lease that was handed out
  std::uint64_t next_ = 0;
};

}  // namespace sallyport::auth_service
