#include <algorithm>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/accounts/rotation.hpp"
#include "sallyport/accounts/session.hpp"
#include "sallyport/accounts/user.hpp"
#include "sallyport/core/ascii.hpp"

#include "names.hpp"

namespace sallyport::accounts {
namespace {

constexpr Names<Role, 2> kRoles{{"user", "admin"}};
constexpr Names<UserStatus, 2> kStatuses{{"active", "disabled"}};
constexpr Names<EndReason, 9> kEndReasons{{"logout", "logout_all", "deleted", "password_changed", "password_guessing",
                                           "role_changed", "user_disabled", "admin_revoked", "token_reuse"}};
static_assert(kEndReasons.list.size() == static_cast<std::size_t>(EndReason::TokenReuse) + 1);
constexpr Names<AuditType, 14> kAuditTypes{{"user.registered", "login.succeeded", "login.failed", "account.locked",
                                            "account.unlocked", "token.refreshed", "token.replayed",
                                            "token.reuse_detected", "session.ended", "password.changed", "role.changed",
                                            "user.disabled", "admin.action", "rate_limit.reset"}};
static_assert(kAuditTypes.list.size() == static_cast<std::size_t>(AuditType::RateLimitReset) + 1);
constexpr Names<AuditSeverity, 3> kSeverities{{"info", "warning", "critical"}};
constexpr Names<RefreshRefusal, 6> kRefusals{{"invalid_refresh_token", "refresh_token_reuse_detected",
                                              "session_revoked", "refresh_token_expired", "concurrent_refresh",
                                              "idempotency_key_reused"}};

/// RFC 5322 section 3.2.3: `atext`.
bool is_atom_character(char c) noexcept {
  return c > ' ' && c < '\x7f' && std::string_view("\"(),.:;<>@[\\]").find(c) == std::string_view::npos;
}

/// RFC 1034 section 3.5, and a digit may come first (RFC 1123 section 2.1).
bool is_label(std::string_view text) noexcept {
  const auto letter_digit_hyphen = [](char c) {
    const char lower = ascii_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-';
  };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
         std::ranges::all_of(text, letter_digit_hyphen);
}

/// Whether all that stands between dots is good.
template <class Good>
bool all_between_dots(std::string_view text, Good good) {
  while (true) {
    const auto dot = text.find('.');
    if (!good(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}
static_assert(kRefusals.list.size() == static_cast<std::size_t>(RefreshRefusal::IdempotencyKeyReused) + 1);

}  // namespace

std::string_view name_of(Role role) noexcept {
  return kRoles.of(role);
}
std::string_view name_of(UserStatus status) noexcept {
  return kStatuses.of(status);
}
std::optional<Role> parse_role(std::string_view text) noexcept {
  return kRoles.parse(text);
}
std::optional<UserStatus> parse_user_status(std::string_view text) noexcept {
  return kStatuses.parse(text);
}
std::string_view name_of(EndReason reason) noexcept {
  return kEndReasons.of(reason);
}
std::optional<EndReason> parse_end_reason(std::string_view text) noexcept {
  return kEndReasons.parse(text);
}
std::string_view name_of(AuditType type) noexcept {
  return kAuditTypes.of(type);
}
std::optional<AuditType> parse_audit_type(std::string_view text) noexcept {
  return kAuditTypes.parse(text);
}
std::string_view name_of(AuditSeverity severity) noexcept {
  return kSeverities.of(severity);
}
std::string_view name_of(RefreshRefusal refusal) noexcept {
  return kRefusals.of(refusal);
}

AuditSeverity severity_of(AuditType type) noexcept {
  switch (type) {
    case AuditType::TokenReuseDetected:
      return AuditSeverity::Critical;
    case AuditType::LoginFailed:
    case AuditType::AccountLocked:
    case AuditType::TokenReplayed:
    case AuditType::RoleChanged:
    case AuditType::UserDisabled:
      return AuditSeverity::Warning;
    default:
      return AuditSeverity::Info;
  }
}

std::optional<Email> Email::parse(std::string_view text) {
  const std::string_view trimmed = trim_ows(text);
  if (trimmed.size() < 3 || trimmed.size() > 254) return std::nullopt;
  const auto at = trimmed.find('@');
  if (at == std::string_view::npos || at > 64) return std::nullopt;
  const auto is_atom = [](std::string_view atom) {
    return !atom.empty() && std::ranges::all_of(atom, is_atom_character);
  };
  if (!all_between_dots(trimmed.substr(0, at), is_atom)) return std::nullopt;
  if (!all_between_dots(trimmed.substr(at + 1), is_label)) return std::nullopt;
  return Email(to_lower(trimmed));
}

}  // namespace sallyport::accounts
