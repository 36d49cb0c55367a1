#include "sallyport/tokens/token_error.hpp"

namespace sallyport::tokens {

std::string_view to_string(TokenError error) noexcept {
  switch (error) {
    case TokenError::NoKeys:
      return "no_keys";
    case TokenError::TooLarge:
      return "too_large";
    case TokenError::Malformed:
      return "malformed";
    case TokenError::ForbiddenHeader:
      return "forbidden_header";
    case TokenError::WrongType:
      return "wrong_type";
    case TokenError::UnknownKey:
      return "unknown_key";
    case TokenError::WrongAlgorithm:
      return "wrong_algorithm";
    case TokenError::BadSignature:
      return "bad_signature";
    case TokenError::BadClaims:
      return "bad_claims";
    case TokenError::WrongIssuer:
      return "wrong_issuer";
    case TokenError::WrongAudience:
      return "wrong_audience";
    case TokenError::Expired:
      return "expired";
    case TokenError::NotYetValid:
      return "not_yet_valid";
  }
  return "unknown";
}

}  // namespace sallyport::tokens
