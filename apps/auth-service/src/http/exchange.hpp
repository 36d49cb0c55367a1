#pragma once

#include <expected>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/accounts/ids.hpp"
#include "sallyport/net/response.hpp"
#include "sallyport/service/exchange.hpp"

namespace sallyport::auth_service {

using service::Exchange;

/// Who sent a request, for the audit trail.
accounts::RequestOrigin audit_origin(const Exchange& exchange);

/// Whose access token came with a request.
struct Owner {
  accounts::UserId user;
  accounts::SessionId session;
};
/// On a route with Access::Bearer. The 401 for a token that names no account of ours.
std::expected<Owner, net::Response> owner_of(const Exchange& exchange);

}  // namespace sallyport::auth_service
