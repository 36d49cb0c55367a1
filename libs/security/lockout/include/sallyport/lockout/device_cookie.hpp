#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/crypto/key_ring.hpp"

namespace sallyport::lockout {

inline constexpr std::string_view kDeviceCookieName = "__Host-device";

/// Makes and reads the value that marks a device on which an account logged in before. The value is
///     d1.<kid>.<device id>.<issued>.<MAC>
/// with 16 random bytes, seconds since 1970 and HMAC-SHA-256, over the account's id and credential version too: it
/// names no account, is worth nothing for another one, and is void once the credential version is raised (password
/// changed, token reuse). It is no credential: all it buys is a count of failures of its own. Immutable; thread-safe.
class DeviceCookies final {
 public:
  static constexpr std::chrono::seconds kLifetime = std::chrono::days(90);
  /// How far in the future `issued` may lie: clocks of two instances differ.
  static constexpr std::chrono::seconds kLeeway{30};

  /// keys: the first one signs, all verify.
  explicit DeviceCookies(crypto::HmacKeyRing keys) : keys_(std::move(keys)) {}

  /// For an account that just logged in. device_id: of the cookie that it came with (the device keeps its count), else
  /// a fresh one. account_id: see Subject::is_id.
  std::string issue(std::string_view account_id, std::int64_t credential_version, WallTime now, Random& random,
                    std::optional<std::string_view> device_id = std::nullopt) const;

  /// The device's id when the value is genuine, for this account in its present version, and not older than kLifetime.
  /// Anything else, whatever it is, is nullopt, in a time that tells nothing about the MAC.
  std::optional<std::string> verify(std::string_view value, std::string_view account_id,
                                    std::int64_t credential_version, WallTime now) const;

 private:
  crypto::HmacKeyRing keys_;
};

/// The text of Set-Cookie (RFC 6265bis; the __Host- prefix demands Secure, Path=/ and no Domain).
std::string set_device_cookie(std::string_view value);
/// The text of Set-Cookie that removes it.
std::string clear_device_cookie();
/// The value inside one Cookie field (RFC 6265 section 4.2.1). nullopt when it is not there, or there more than once:
/// a second one was put there by somebody else. The name's case matters.
std::optional<std::string_view> find_device_cookie(std::string_view cookie_field) noexcept;

}  // namespace sallyport::lockout
