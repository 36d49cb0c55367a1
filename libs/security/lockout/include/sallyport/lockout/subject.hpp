#pragma once

#include <string>
#include <string_view>

#include "sallyport/core/secret.hpp"

namespace sallyport::lockout {

/// Whose wrong passwords are counted together: an account, one known device of an account, or one session that
/// changes its password. The three never share a count, but unlocking the account clears them all.
class Subject final {
 public:
  static constexpr std::size_t kIdBytesMax = 64;

  /// What may stand in an id: 1…64 of A-Z a-z 0-9 _ and -. An id becomes part of a store key, so nothing else may be
  /// passed below; doing so is a bug and stops the process.
  static bool is_id(std::string_view text) noexcept;

  /// account_id: the user's id, or pseudonym() of an e-mail that nobody registered.
  static Subject account(std::string_view account_id);
  /// device_id: from a DeviceCookies::verify that this account's id passed, never from a client directly.
  static Subject device(std::string_view account_id, std::string_view device_id);
  /// session_id: of the verified access token.
  static Subject password_change(std::string_view account_id, std::string_view session_id);

  const std::string& account_id() const noexcept { return account_id_; }
  /// Empty for the account itself, "<device id>", or "pw:<session id>".
  const std::string& bucket() const noexcept { return bucket_; }

  bool operator==(const Subject&) const = default;

 private:
  Subject(std::string_view account_id, std::string bucket);

  std::string account_id_;
  std::string bucket_;
};

/// The account id to count under for an e-mail that nobody registered: HMAC-SHA-256 under the lookup pepper, written as
/// a UUID of version 8 (RFC 9562 section 5.8), so that its store keys have the length and form of a user's.
/// email: normalised the way users are looked up.
std::string pseudonym(const Secret<std::string>& lookup_pepper, std::string_view email);

}  // namespace sallyport::lockout
