#pragma once

#include "sallyport/accounts/ports.hpp"
#include "sallyport/accounts/token_ports.hpp"

namespace sallyport::accounts {

// What a program hands over in place of parts that it does not have: the admin service holds no keys and hashes no
// passwords, the command line opens no sessions. To use one is a bug in that program, and stops it.

class NoRefreshTokens final : public RefreshTokenMint {
 public:
  Minted mint() const override;
  std::optional<PresentedToken> read(std::string_view token) const override;
  std::optional<Secret<std::string>> derive(const StoredToken& stored) const override;
};

class NoAccessTokens final : public AccessTokenSigner {
 public:
  Secret<std::string> sign(const AccessGrant& grant) const override;
  std::chrono::seconds lifetime() const noexcept override;
};

class NoPasswords final : public PasswordWork {
 public:
  std::optional<Secret<std::string>> acceptable(std::string_view password) const override;
  std::optional<Secret<std::string>> normalised(std::string_view password) const override;
  Task<std::string> hash(Secret<std::string> password, Deadline deadline) override;
  Task<bool> verify(Secret<std::string> password, std::string stored, Deadline deadline) override;
  Task<bool> burn(Secret<std::string> password, Deadline deadline) override;
  bool needs_rehash(std::string_view stored) const override;
};

/// Not final: unlocking alone may be there.
class NoLoginGuard : public LoginGuard {
 public:
  Task<std::variant<Lease, Locked>> reserve(GuardedAccount account, Deadline deadline) override;
  Task<Settled> settle(Lease lease, Verdict verdict, Deadline deadline) override;
  Task<void> unlock(UserId user, Deadline deadline) override;
};

class NoDevices final : public DeviceMarks {
 public:
  std::optional<std::string> verify(std::string_view cookie, UserId user,
                                    std::int64_t credential_version) const override;
  std::string issue(UserId user, std::int64_t credential_version,
                    const std::optional<std::string>& device) const override;
};

}  // namespace sallyport::accounts
