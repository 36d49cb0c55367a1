#include "unit_of_work.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "sallyport/observability/log.hpp"

#include "clean_text.hpp"

namespace sallyport::accounts::sql {
namespace {

std::string details_json(const AuditEvent& event) {
  std::string out = "{";
  for (const auto& [key, value] : event.details) {
    if (out.size() > 1) out += ',';
    out += '"';
    log::append_json_escaped(out, key);
    out += "\":\"";
    log::append_json_escaped(out, std::string_view(value).substr(0, 512));
    out += '"';
  }
  out += '}';
  return out;
}

std::optional<std::string> text_of(const std::optional<UserId>& id) {
  return id ? std::optional(id->to_string()) : std::nullopt;
}

std::optional<std::string> actor_of(const RequestOrigin& origin) {
  return origin.actor ? text_of(origin.actor) : clean_text(origin.actor_name, 64);
}

}  // namespace

SqlResult<> UnitOfWork::record(AuditEvent event) {
  if (!event.origin.actor && event.origin.actor_name.empty()) event.origin.actor = event.subject;
  const auto id = AuditEventId::make(audit_.clock.wall_now(), audit_.random).to_string();
  const auto actor = actor_of(event.origin);
  const auto subject = text_of(event.subject);
  const auto session = event.session ? std::optional(event.session->to_string()) : std::nullopt;
  const auto address = clean_text(event.origin.address, 64);
  const auto request = clean_text(event.origin.request_id, 128);
  const std::string details = details_json(event);
  auto inserted = session_.execute(audit_.insert, id, name_of(event.type), name_of(severity_of(event.type)), actor,
                                   subject, session, address, request, details);
  if (!inserted) return pass(std::move(inserted.error()));
  events_.push_back(std::move(event));
  return {};
}

void UnitOfWork::log_events() const {
  for (const AuditEvent& event : events_) {
    const AuditSeverity severity = severity_of(event.type);
    const auto level = severity == AuditSeverity::Critical
                           ? log::Level::Critical
                           : (severity == AuditSeverity::Warning ? log::Level::Warn : log::Level::Info);
    const auto actor = actor_of(event.origin).value_or("");
    const auto subject = text_of(event.subject).value_or("");
    const std::string session = event.session ? event.session->to_string() : std::string();
    const std::string details = details_json(event);
    audit_.logger.write(level, name_of(event.type),
                        {{"audit", true},
                         {"actor_id", std::string_view(actor)},
                         {"subject_id", std::string_view(subject)},
                         {"session_id", std::string_view(session)},
                         {"address", std::string_view(event.origin.address)},
                         {"request_id", std::string_view(event.origin.request_id)},
                         {"details", std::string_view(details)}});
  }
}

}  // namespace sallyport::accounts::sql
