#include "http/admin_json.hpp"

#include "sallyport/service/json_text.hpp"

namespace sallyport::admin_service {

using service::append_member;

namespace {

void append_user(std::string& out, const accounts::User& user) {
  out.push_back('{');
  append_member(out, "id", user.id.to_string());
  append_member(out, "email", user.email);
  append_member(out, "name", user.name);
  append_member(out, "role", accounts::name_of(user.role));
  append_member(out, "status", accounts::name_of(user.status));
  append_member(out, "created_at", user.created_at);
  out.push_back('}');
}

void append_event(std::string& out, const accounts::StoredAuditEvent& event) {
  out.push_back('{');
  append_member(out, "id", event.id.to_string());
  append_member(out, "at", event.at);
  append_member(out, "type", event.type);
  append_member(out, "severity", event.severity);
  append_member(out, "actor", event.actor_id);
  append_member(out, "user_id", event.subject_id);
  append_member(out, "session_id", event.session_id);
  append_member(out, "address", event.address);
  append_member(out, "request_id", event.request_id);
  service::append_name(out, "details");
  out.append(event.details).push_back('}');
}

}  // namespace

std::string user_json(const accounts::User& user) {
  std::string out;
  append_user(out, user);
  return out.append("\n");
}

std::string users_json(std::span<const accounts::User> users, const std::optional<std::string>& next_cursor) {
  return service::page_json(users, next_cursor, append_user);
}

std::string audit_events_json(std::span<const accounts::StoredAuditEvent> events,
                              const std::optional<std::string>& next_cursor) {
  return service::page_json(events, next_cursor, append_event);
}

}  // namespace sallyport::admin_service
