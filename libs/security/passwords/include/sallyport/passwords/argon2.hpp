#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sallyport/core/error.hpp"

namespace sallyport::passwords {

/// The cost of Argon2id (RFC 9106). The default is the first choice of OWASP's password storage cheat sheet.
struct Argon2Parameters {
  std::uint32_t memory_kib = 19456;
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;

  friend bool operator==(const Argon2Parameters&, const Argon2Parameters&) = default;
};

/// What a stored hash may ask for at most, so that a row in the database cannot choose what a login costs.
inline constexpr Argon2Parameters kArgon2ParametersMax{.memory_kib = 65536, .passes = 8, .lanes = 4};
inline constexpr std::size_t kSaltBytes = 16;
inline constexpr std::size_t kTagBytes = 32;

/// A stored hash taken apart.
struct PasswordHash {
  Argon2Parameters parameters;
  std::string salt;  ///< raw, 8…64 bytes
  std::string tag;   ///< raw, 16…64 bytes

  /// A PHC string, exactly "$argon2id$v=19$m=…,t=…,p=…$salt$tag": numbers without leading zeros, strict base64, all
  /// within the limits above. InternalError otherwise: a bad stored hash is our own fault, not the client's.
  static Result<PasswordHash> parse(std::string_view phc);
  std::string to_phc() const;
};

}  // namespace sallyport::passwords
