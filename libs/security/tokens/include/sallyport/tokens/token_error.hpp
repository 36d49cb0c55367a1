#pragma once

#include <cstdint>
#include <string_view>

namespace sallyport::tokens {

/// Why an access token was refused. For the log and metrics: a client learns of Expired (`token_expired`) and NoKeys
/// (503), of all others only `invalid_token`.
enum class TokenError : std::uint8_t {
  NoKeys,     ///< no key set has been loaded yet: not the token's fault
  TooLarge,   ///< longer than kAccessTokenBytesMax
  Malformed,  ///< not three base64url segments with a JSON object each in header and claims (RFC 7515 section 3.1)
  ForbiddenHeader,  ///< crit, jku, jwk, x5*, b64, zip: the header may not bring keys or change the rules
  WrongType,        ///< `typ` (RFC 8725 section 3.11)
  UnknownKey,       ///< `kid` missing, or no loaded key has exactly that one
  WrongAlgorithm,   ///< `alg` is not that key's own (RFC 8725 section 3.1)
  BadSignature,
  BadClaims,  ///< the signature is right and a claim is missing, of another type, or out of bounds
  WrongIssuer,
  WrongAudience,
  Expired,
  NotYetValid,  ///< nbf or iat lies in the future
};

/// A stable snake_case name, a label for metrics.
std::string_view to_string(TokenError error) noexcept;

}  // namespace sallyport::tokens
