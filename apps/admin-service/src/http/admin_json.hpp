#pragma once

#include <optional>
#include <span>
#include <string>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/accounts/user.hpp"

namespace sallyport::admin_service {

std::string user_json(const accounts::User& user);
/// A page; next_cursor is null behind the last one.
std::string users_json(std::span<const accounts::User> users, const std::optional<std::string>& next_cursor);
std::string audit_events_json(std::span<const accounts::StoredAuditEvent> events,
                              const std::optional<std::string>& next_cursor);

}  // namespace sallyport::admin_service
