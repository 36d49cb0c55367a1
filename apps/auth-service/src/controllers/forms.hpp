#pragma once

#include <optional>

#include <boost/json/value.hpp>

#include "sallyport/accounts/service.hpp"

namespace sallyport::auth_service {

// What the bodies of requests say. Each keeps the contract, as openapi/auth.yaml describes it, or it is a bug.
// Passwords and tokens are copied once, into a Secret; the body wipes what it holds itself.

accounts::Registration registration_in(const boost::json::value& body);
/// Without the device.
accounts::Login login_in(const boost::json::value& body);
accounts::NewPassword new_password_in(const boost::json::value& body, accounts::UserId user,
                                      accounts::SessionId session);
/// nullopt: the body has none, or there is no body (null).
std::optional<Secret<std::string>> refresh_token_in(const boost::json::value& body);

}  // namespace sallyport::auth_service
