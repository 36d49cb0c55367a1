#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/secret.hpp"
#include "sallyport/crypto/key_ring.hpp"

namespace sallyport::tokens {

/// Signs access tokens (RFC 7519, the profile of RFC 9068): `typ: at+jwt`, the algorithm and the `kid` of the ring's
/// first key, claims iss, aud, sub, sid, jti, role, iat, exp. Immutable; thread-safe.
class AccessTokenIssuer final {
 public:
  struct Options {
    std::string issuer, audience;  ///< 1…255 bytes each, valid UTF-8 without control characters
    std::chrono::seconds ttl{900};
  };
  /// 1…255 visible ASCII characters each; anything else is a bug.
  struct Grant {
    std::string_view subject;  ///< user id
    std::string_view session;
    std::string_view id;  ///< of the token, never used twice
    std::string_view role;
  };
  struct Issued {
    Secret<std::string> token;
    std::chrono::sys_seconds issued_at, expires_at;
  };

  /// Throws std::invalid_argument for an issuer, audience or ttl out of bounds.
  AccessTokenIssuer(crypto::TokenKeyRing ring, Options options);

  Issued issue(const Grant& grant, WallTime now) const;
  const crypto::TokenKeyRing& ring() const noexcept { return ring_; }
  std::chrono::seconds ttl() const noexcept { return options_.ttl; }

 private:
  crypto::TokenKeyRing ring_;
  Options options_;
  std::string header_;       ///< encoded, with its dot
  std::string issuer_json_;  ///< with quotes
  std::string audience_json_;
};

}  // namespace sallyport::tokens
