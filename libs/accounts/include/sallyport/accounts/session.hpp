#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/accounts/ids.hpp"
#include "sallyport/accounts/user.hpp"

namespace sallyport::accounts {

enum class EndReason : std::uint8_t {
  Logout,
  LogoutAll,
  Deleted,  ///< the user ended one of their sessions from a list
  PasswordChanged,
  PasswordGuessing,  ///< the fifth wrong current_password
  RoleChanged,
  UserDisabled,
  AdminRevoked,
  TokenReuse,
};

std::string_view name_of(EndReason reason) noexcept;  ///< as stored and audited, for example "token_reuse"
std::optional<EndReason> parse_end_reason(std::string_view text) noexcept;

struct Session {
  SessionId id;
  UserId user;
  Timestamp created_at;
  Timestamp last_used_at;
  Timestamp expires_at;  ///< absolute: no refresh moves it
  std::optional<std::string> user_agent;
  std::optional<std::string> address;
};

/// An ended session whose access tokens may still be around.
struct EndedSession {
  SessionId id;
  Timestamp ended_at;
};

}  // namespace sallyport::accounts
