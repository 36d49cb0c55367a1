#pragma once

#include <expected>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/accounts/ids.hpp"
#include "sallyport/net/response.hpp"
#include "sallyport/service/exchange.hpp"

namespace sallyport::admin_service {

/// The administrator who asks, for the audit trail; on a route with Access::Admin. The 401 for a token that names no
/// account of ours.
std::expected<accounts::RequestOrigin, net::Response> caller_of(const service::Exchange& exchange);

}  // namespace sallyport::admin_service
