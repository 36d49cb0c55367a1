#include <algorithm>
#include <limits>
#include <utility>

#include "sallyport/storage/sql/dialect_text.hpp"

#include "engine.hpp"
#include "rows.hpp"

namespace sallyport::accounts::sql {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO audit_events (id, at, type, severity, actor_id, subject_id, session_id, address, request_id, details) "
    "VALUES ($1, {now}, $2, $3, $4, $5, $6, $7, $8, $9)";
constexpr std::string_view kQuery =
    "SELECT id, at, type, severity, actor_id, subject_id, session_id, address, request_id, details FROM audit_events "
    "WHERE (CAST($1 AS TEXT) IS NULL OR type = $1) AND (CAST($2 AS TEXT) IS NULL OR subject_id = $2) "
    "AND at >= $3 AND at < $4 AND (at < $5 OR (at = $5 AND id < $6)) ORDER BY at DESC, id DESC LIMIT $7";

}  // namespace

Engine::Engine(const SqlAccountRepository::Parts& parts, TokenLifetimes lifetimes)
    : dialect_(parts.dialect),
      mint_(parts.mint),
      signer_(parts.signer),
      lifetimes_(lifetimes),
      audit_{expand(parts.dialect, kInsert), parts.clock, parts.random, parts.logger},
      audit_query_(expand(parts.dialect, kQuery)),
      users_(parts.dialect),
      sessions_(parts.dialect),
      rotation_(parts.dialect) {}

SqlResult<> Engine::record(SqlSession& db, const AuditEvent& event) const {
  auto recorded = in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<std::monostate> {
    if (auto inserted = unit.record(event); !inserted) return pass(std::move(inserted.error()));
    return std::monostate{};
  });
  if (!recorded) return pass(std::move(recorded.error()));
  return {};
}

SqlResult<std::vector<StoredAuditEvent>> Engine::audit_events(SqlSession& db, const AuditQuery& query) const {
  constexpr std::int64_t kEver = std::numeric_limits<std::int64_t>::max();
  const auto type = query.type ? std::optional(name_of(*query.type)) : std::nullopt;
  const auto subject = query.subject ? std::optional(query.subject->to_string()) : std::nullopt;
  const std::int64_t from = query.from ? query.from->time_since_epoch().count() : 0;
  const std::int64_t to = query.to ? query.to->time_since_epoch().count() : kEver;
  const std::int64_t before = query.older_than ? query.older_than->first.time_since_epoch().count() : kEver;
  const std::string before_id = query.older_than ? query.older_than->second.to_string() : std::string();
  auto rows =
      db.query(audit_query_, type, subject, from, to, before, before_id, std::clamp(query.limit, 1, kPageMax + 1));
  if (!rows) return pass(std::move(rows.error()));
  std::vector<StoredAuditEvent> events;
  events.reserve(rows->size());
  for (const SqlRow& row : *rows) {
    events.push_back(StoredAuditEvent{id_from<AuditEventId>(row.text(0)), time_from(row.integer(1)), row.text(2),
                                      row.text(3), row.maybe_text(4), row.maybe_text(5), row.maybe_text(6),
                                      row.maybe_text(7), row.maybe_text(8), row.text(9)});
  }
  return events;
}

}  // namespace sallyport::accounts::sql
