#pragma once

#include "sallyport/accounts/ports.hpp"
#include "sallyport/passwords/password_hasher.hpp"
#include "sallyport/passwords/password_policy.hpp"

namespace sallyport::auth_service {

/// Argon2id and the rules for new passwords behind the port of the accounts. Thread-safe.
class HashedPasswords final : public accounts::PasswordWork {
 public:
  HashedPasswords(passwords::PasswordHasher& hasher, const passwords::PasswordPolicy& policy)
      : hasher_(hasher), policy_(policy) {}

  std::optional<Secret<std::string>> acceptable(std::string_view password) const override;
  std::optional<Secret<std::string>> normalised(std::string_view password) const override;
  Task<std::string> hash(Secret<std::string> password, Deadline deadline) override {
    return hasher_.hash(std::move(password), deadline);
  }
  Task<bool> verify(Secret<std::string> password, std::string stored, Deadline deadline) override {
    return hasher_.verify(std::move(password), std::move(stored), deadline);
  }
  Task<bool> burn(Secret<std::string> password, Deadline deadline) override {
    return hasher_.burn(std::move(password), deadline);
  }
  bool needs_rehash(std::string_view stored) const override { return hasher_.needs_rehash(stored); }

 private:
  passwords::PasswordHasher& hasher_;
  const passwords::PasswordPolicy& policy_;
};

}  // namespace sallyport::auth_service
