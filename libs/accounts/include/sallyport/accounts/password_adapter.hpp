#pragma once

#include "sallyport/accounts/ports.hpp"
#include "sallyport/passwords/password_hasher.hpp"
#include "sallyport/passwords/password_policy.hpp"

namespace sallyport::accounts {

/// Argon2id and the rules for new passwords of the passwords library. Both outlive it. Thread-safe.
class HashedPasswords final : public PasswordWork {
 public:
  HashedPasswords(passwords::PasswordHasher& hasher, const passwords::PasswordPolicy& policy) noexcept
      : hasher_(hasher), policy_(policy) {}

  std::optional<Secret<std::string>> acceptable(std::string_view password) const override;
  std::optional<Secret<std::string>> normalised(std::string_view password) const override;
  Task<std::string> hash(Secret<std::string> password, Deadline deadline) override;
  Task<bool> verify(Secret<std::string> password, std::string stored, Deadline deadline) override;
  Task<bool> burn(Secret<std::string> password, Deadline deadline) override;
  bool needs_rehash(std::string_view stored) const override;

 private:
  passwords::PasswordHasher& hasher_;
  const passwords::PasswordPolicy& policy_;
};

}  // namespace sallyport::accounts
