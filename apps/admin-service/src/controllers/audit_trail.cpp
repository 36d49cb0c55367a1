#include "controllers/audit_trail.hpp"

#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "http/admin_json.hpp"
#include "http/time_text.hpp"
#include "sallyport/service/answers.hpp"
#include "sallyport/service/paging.hpp"

namespace sallyport::admin_service {
namespace {

using accounts::AuditQuery;
using accounts::Timestamp;
using service::FieldError;

constexpr auto kQuery = validation::ParameterIn::Query;

std::string position_of(const accounts::StoredAuditEvent& event) {
  return std::to_string(event.at.time_since_epoch().count()) + " " + event.id.to_string();
}

/// A position is signed, so it is one of ours; nullopt: of a release that wrote it in another way.
std::optional<std::pair<Timestamp, accounts::AuditEventId>> read_position(std::string_view position) {
  const std::size_t space = position.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  std::int64_t at = 0;
  const char* const end = position.data() + space;
  const auto parsed = std::from_chars(position.data(), end, at);
  const auto id = accounts::AuditEventId::parse(position.substr(space + 1));
  if (parsed.ec != std::errc() || parsed.ptr != end || !id) return std::nullopt;
  return std::pair(Timestamp(std::chrono::microseconds(at)), *id);
}

void read_time(const validation::Parameters& parameters, std::string_view name, std::optional<Timestamp>& out,
               std::vector<FieldError>& errors) {
  const auto text = parameters.text(kQuery, name);
  if (!text) return;
  out = parse_time(*text);
  if (!out) errors.push_back({"/query/" + std::string(name), "format", "must be a point in time (RFC 3339)"});
}

}  // namespace

service::Answer AuditTrail::list(service::Exchange& exchange) {
  auto parameters = contract_.parameters(exchange);
  if (!parameters) co_return std::move(parameters.error());
  const service::Paging paging(exchange, *parameters, cursors_, {"type", "user_id", "from", "to"});
  auto position = paging.position();
  if (!position) co_return std::move(position.error());

  AuditQuery query{.limit = paging.limit() + 1};
  std::vector<FieldError> errors;
  if (const auto type = parameters->text(kQuery, "type")) {
    query.type = accounts::parse_audit_type(*type);
    if (!query.type) errors.push_back({"/query/type", "enum", "is no type of event"});
  }
  if (const auto user = parameters->text(kQuery, "user_id")) {
    query.subject = accounts::UserId::parse(*user);
    if (!query.subject) errors.push_back({"/query/user_id", "format", "must be the id of a user"});
  }
  read_time(*parameters, "from", query.from, errors);
  read_time(*parameters, "to", query.to, errors);
  if (!errors.empty()) co_return service::refuse_invalid(exchange, errors);
  if (*position) {
    query.older_than = read_position(**position);
    if (!query.older_than) co_return paging.refuse_cursor();
  }

  auto events = co_await repository_.audit_events(std::move(query), exchange.deadline);
  if (!events) co_return std::unexpected(std::move(events.error()));
  std::optional<std::string> next;
  if (service::cut_to(*events, paging.limit())) next = paging.cursor_behind(position_of(events->back()));
  co_return service::private_json(200, audit_events_json(*events, next));
}

}  // namespace sallyport::admin_service
