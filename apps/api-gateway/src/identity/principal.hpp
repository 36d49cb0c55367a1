#pragma once

#include <string_view>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/tokens/token_cache.hpp"

namespace sallyport::api_gateway {

/// Who asks, proved by an access token. Only issuer and subject together name somebody.
struct Principal {
  tokens::TokenCache::Entry token;  ///< what the views look at
  std::string_view role;            ///< in our words, whoever issued the token; empty: none

  std::string_view issuer() const noexcept { return token->claims.issuer; }
  std::string_view subject() const noexcept { return token->claims.subject; }
  std::string_view session() const noexcept { return token->claims.session; }
};

/// Whether a route for `wanted` lets the role of a token in.
constexpr bool allows(Role wanted, std::string_view role) noexcept {
  switch (wanted) {
    case Role::Admin:
      return role == "admin";
    case Role::User:
      return role == "user" || role == "admin";
    case Role::Any:
      break;
  }
  return true;
}

}  // namespace sallyport::api_gateway
