#include "adapters/password_work.hpp"

namespace sallyport::auth_service {
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

}  // namespace sallyport::auth_service
