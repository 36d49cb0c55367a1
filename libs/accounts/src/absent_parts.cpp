#include "sallyport/accounts/absent_parts.hpp"

#include "sallyport/core/assert.hpp"

namespace sallyport::accounts {
namespace {

[[noreturn]] void used() {
  detail::assertion_failed("a part of the accounts that this program does not have", __FILE__, __LINE__);
}

}  // namespace

RefreshTokenMint::Minted NoRefreshTokens::mint() const {
  used();
}
std::optional<PresentedToken> NoRefreshTokens::read(std::string_view) const {
  used();
}
std::optional<Secret<std::string>> NoRefreshTokens::derive(const StoredToken&) const {
  used();
}

Secret<std::string> NoAccessTokens::sign(const AccessGrant&) const {
  used();
}
std::chrono::seconds NoAccessTokens::lifetime() const noexcept {
  used();
}

std::optional<Secret<std::string>> NoPasswords::acceptable(std::string_view) const {
  used();
}
std::optional<Secret<std::string>> NoPasswords::normalised(std::string_view) const {
  used();
}
PasswordWork::Task<std::string> NoPasswords::hash(Secret<std::string>, Deadline) {
  used();
}
PasswordWork::Task<bool> NoPasswords::verify(Secret<std::string>, std::string, Deadline) {
  used();
}
PasswordWork::Task<bool> NoPasswords::burn(Secret<std::string>, Deadline) {
  used();
}
bool NoPasswords::needs_rehash(std::string_view) const {
  used();
}

LoginGuard::Task<std::variant<LoginGuard::Lease, LoginGuard::Locked>> NoLoginGuard::reserve(GuardedAccount, Deadline) {
  used();
}
LoginGuard::Task<LoginGuard::Settled> NoLoginGuard::settle(Lease, Verdict, Deadline) {
  used();
}
LoginGuard::Task<void> NoLoginGuard::unlock(UserId, Deadline) {
  used();
}

std::optional<std::string> NoDevices::verify(std::string_view, UserId, std::int64_t) const {
  used();
}
std::string NoDevices::issue(UserId, std::int64_t, const std::optional<std::string>&) const {
  used();
}

}  // namespace sallyport::accounts
