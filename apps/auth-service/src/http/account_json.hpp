#pragma once

#include <span>
#include <string>

#include "sallyport/accounts/service.hpp"

namespace sallyport::auth_service {

std::string user_json(const accounts::User& user);
std::string sessions_json(std::span<const accounts::ListedSession> sessions);
/// RFC 6749 section 5.1. Without the refresh token when that one goes into a cookie.
enum class RefreshTokenIn : std::uint8_t { Body, Cookie };
std::string token_json(const accounts::TokenAnswer& tokens, RefreshTokenIn where);

}  // namespace sallyport::auth_service
