#include "sallyport/accounts/password_adapter.hpp"

#include <utility>

namespace sallyport::accounts {
namespace {

std::optional<Secret<std::string>> when_right(std::expected<Secret<std::string>, passwords::PasswordFault> checked) {
  if (!checked) return std::nullopt;
  return *std::move(checked);
}

}  // namespace

std::optional<Secret<std::string>> HashedPasswords::acceptable(std::string_view password) const {
  return when_right(policy_.check(password));
}

std::optional<Secret<std::string>> HashedPasswords::normalised(std::string_view password) const {
  return when_right(passwords::normalize_password(password));
}

PasswordWork::Task<std::string> HashedPasswords::hash(Secret<std::string> password, Deadline deadline) {
  return hasher_.hash(std::move(password), deadline);
}

PasswordWork::Task<bool> HashedPasswords::verify(Secret<std::string> password, std::string stored, Deadline deadline) {
  return hasher_.verify(std::move(password), std::move(stored), deadline);
}

PasswordWork::Task<bool> HashedPasswords::burn(Secret<std::string> password, Deadline deadline) {
  return hasher_.burn(std::move(password), deadline);
}

bool HashedPasswords::needs_rehash(std::string_view stored) const {
  return hasher_.needs_rehash(stored);
}

}  // namespace sallyport::accounts
