#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "sallyport/tokens/key_set.hpp"

namespace sallyport::tokens {

/// The claims of an access token whose signature was right (RFC 7519 section 4.1, RFC 9068 section 2.2).
struct Claims {
  std::string issuer;                    ///< `iss`
  std::string subject;                   ///< `sub`: a user of that issuer; only the pair names a principal
  std::string session;                   ///< `sid`; empty for an outside issuer that sends none
  std::string id;                        ///< `jti`; likewise
  std::string role;                      ///< `role`; of an outside issuer: means nothing without a mapping
  std::chrono::sys_seconds issued_at{};  ///< `iat`; the epoch when an outside issuer sends none
  std::optional<std::chrono::sys_seconds> not_before;  ///< `nbf`
  std::chrono::sys_seconds expires_at{};               ///< `exp`
};

/// A token's unchanging part: what may be kept. Whether it counts NOW is AccessTokenVerifier::check_every_time().
struct VerifiedToken {
  Claims claims;
  std::string kid;
  KeyFingerprint key{};  ///< of the key that verified it, so that another key under the same kid is noticed
};

}  // namespace sallyport::tokens
