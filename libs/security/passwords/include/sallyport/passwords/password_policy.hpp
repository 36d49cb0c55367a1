#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "sallyport/core/secret.hpp"

namespace sallyport::passwords {

inline constexpr std::size_t kPasswordBytesMin = 8;
inline constexpr std::size_t kPasswordBytesMax = 1024;

enum class PasswordFault : std::uint8_t {
  TooShort,  ///< less than 8 bytes
  TooLong,   ///< more than 1024 bytes, as sent or normalised
  NotUtf8,   ///< not well-formed (RFC 3629)
  Common,    ///< on the list of the most used passwords
};

/// One English sentence for the client.
std::string_view message_of(PasswordFault fault) noexcept;

/// The one form in which a password is hashed: Unicode NFC, so that it is the same from every keyboard. Nothing is cut
/// off, trimmed or folded. TooLong or NotUtf8; on login both mean a wrong password. Linear in the text.
std::expected<Secret<std::string>, PasswordFault> normalize_password(std::string_view password);

/// Which passwords a user may choose: 8…1024 bytes, and not one of the common ones in any case, width or composition of
/// their letters. No rules of composition (NIST SP 800-63B section 5.1.1.2). Immutable; thread-safe; made in about a
/// millisecond, so once.
class PasswordPolicy final {
 public:
  PasswordPolicy();
  ~PasswordPolicy();

  /// The normalised password, or what is wrong with it.
  std::expected<Secret<std::string>, PasswordFault> check(std::string_view password) const;

 private:
  class CommonPasswords;
  std::unique_ptr<const CommonPasswords> common_;
};

}  // namespace sallyport::passwords
