#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/accounts/ids.hpp"
#include "sallyport/core/secret.hpp"

namespace sallyport::accounts {

/// UTC with microseconds, as stored: of the database's clock, the only one that several processes share.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

/// Most entries of one page of a list. One more may be asked for, to see whether there is another page.
inline constexpr int kPageMax = 100;

enum class Role : std::uint8_t { User, Admin };
enum class UserStatus : std::uint8_t { Active, Disabled };

std::string_view name_of(Role role) noexcept;          ///< "user", "admin"
std::string_view name_of(UserStatus status) noexcept;  ///< "active", "disabled"
std::optional<Role> parse_role(std::string_view text) noexcept;
std::optional<UserStatus> parse_user_status(std::string_view text) noexcept;

/// An e-mail address in the one form in which it is stored and compared: trimmed, ASCII, lower case.
class Email {
 public:
  /// 3…254 bytes of ASCII: `Dot-string@Domain` of RFC 5321 section 4.1.2 with its lengths, so neither a quoted local
  /// part nor an address literal; nullopt otherwise.
  static std::optional<Email> parse(std::string_view text);
  const std::string& text() const noexcept { return text_; }
  bool operator==(const Email&) const = default;

 private:
  explicit Email(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// What others may see of a user.
struct User {
  UserId id;
  std::string email;
  std::optional<std::string> name;
  Role role = Role::User;
  UserStatus status = UserStatus::Active;
  Timestamp created_at;
  std::int64_t credential_version = 1;  ///< raised by whatever voids older proofs: a new password, disabling, reuse
};

/// A user with what proves who they are. Stays inside the service.
struct Credentials {
  User user;
  Secret<std::string> password_hash;  ///< PHC string
};

struct NewUser {
  UserId id;
  Email email;
  std::optional<std::string> name;  ///< UTF-8 without NUL, 1…200 characters
  Secret<std::string> password_hash;
  Role role = Role::User;
};

}  // namespace sallyport::accounts
