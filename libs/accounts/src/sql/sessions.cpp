#include <algorithm>
#include <utility>

#include "sallyport/storage/sql/dialect_text.hpp"

#include "clean_text.hpp"
#include "engine.hpp"
#include "rows.hpp"

namespace sallyport::accounts::sql {
namespace {

constexpr int kEndBatch = 5000;
constexpr int kCleanBatch = 100;
constexpr int kListMax = 1000;
/// Longer than any access token lives, so that an ended session can be denied for as long as it must be.
constexpr std::chrono::hours kKeepExpired{24};

std::chrono::seconds seconds_between(std::int64_t from, std::int64_t to) noexcept {
  return std::chrono::seconds(std::max<std::int64_t>(0, to - from) / 1'000'000);
}

}  // namespace

SessionStatements::SessionStatements(storage::SqlDialect dialect)
    : insert(
          expand(dialect,
                 "INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at, user_agent, address) "
                 "SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), t.at, t.at, t.at + $3, $4, $5 FROM (SELECT {now} AS at) t "
                 "RETURNING created_at, expires_at")),
      insert_first_token(
          expand(dialect,
                 "INSERT INTO refresh_tokens (id, session_id, user_id, token_hash, key_id, nonce, created_at, "
                 "expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")),
      list(expand(dialect,
                  "SELECT id, user_id, created_at, last_used_at, expires_at, user_agent, address FROM sessions "
                  "WHERE user_id = $1 AND ended_at IS NULL AND expires_at > {now} ORDER BY id LIMIT $2")),
      ended_within(expand(dialect,
                          "SELECT id, ended_at FROM sessions WHERE ended_at > {now} - $1 "
                          "AND (ended_at > $2 OR (ended_at = $2 AND id > $3)) ORDER BY ended_at, id LIMIT $4")),
      find_token(
          expand(dialect, "SELECT session_id, user_id, key_id, nonce FROM refresh_tokens WHERE token_hash = $1")),
      lock_batch(expand(dialect,
                        "SELECT id FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > {now} - $5 "
                        "AND (CAST($2 AS TEXT) IS NULL OR id = $2) AND (CAST($3 AS TEXT) IS NULL OR id <> $3) "
                        "ORDER BY id LIMIT $4 {for_update}")),
      mark_batch(
          expand(dialect,
                 "UPDATE sessions SET ended_at = {now}, ended_reason = $5 WHERE user_id = $1 AND ended_at IS NULL "
                 "AND expires_at > {now} - $6 AND id <= $4 AND (CAST($2 AS TEXT) IS NULL OR id = $2) "
                 "AND (CAST($3 AS TEXT) IS NULL OR id <> $3) RETURNING id")),
      revoke_tokens(
          expand(dialect,
                 "UPDATE refresh_tokens SET revoked_at = {now}, revoked_reason = 'session_ended' "
                 "WHERE user_id = $1 AND revoked_at IS NULL AND (CAST($2 AS TEXT) IS NULL OR session_id = $2) "
                 "AND (CAST($3 AS TEXT) IS NULL OR session_id <> $3)")),
      delete_tokens(expand(
          dialect,
          "WITH doomed AS MATERIALIZED (SELECT t.id FROM sessions s JOIN refresh_tokens t ON t.session_id = s.id "
          "WHERE s.expires_at <= {now} - $1 ORDER BY s.expires_at LIMIT $2 {for_update_of_t_skip_locked}) "
          "DELETE FROM refresh_tokens WHERE id IN (SELECT id FROM doomed)")),
      delete_sessions(
          expand(dialect,
                 "WITH doomed AS MATERIALIZED (SELECT s.id FROM sessions s WHERE s.expires_at <= {now} - $1 "
                 "AND NOT EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.session_id = s.id) "
                 "ORDER BY s.expires_at LIMIT $2 {for_update_of_s_skip_locked}) "
                 "DELETE FROM sessions WHERE id IN (SELECT id FROM doomed)")) {}

SqlResult<std::optional<OpenedSession>> Engine::open_session(SqlSession& db, const NewSession& session,
                                                             const RequestOrigin& origin) const {
  using Outcome = std::optional<OpenedSession>;
  return in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<Outcome> {
    // Shared: many devices log in at once, but none while the user's sessions are being ended.
    auto row = unit.db().query_one(users_.lock_shared, session.user.to_string());
    if (!row) return pass(std::move(row.error()));
    if (!*row) return std::nullopt;
    User user = user_from(**row);
    if (user.status != UserStatus::Active || user.credential_version != session.credential_version) return std::nullopt;

    const std::chrono::microseconds session_max = lifetimes_.session_max;
    auto times =
        unit.db().query_one(sessions_.insert, session.id.to_string(), session.user.to_string(), session_max.count(),
                            clean_text(origin.user_agent, 256), clean_text(origin.address, 64));
    if (!times) return pass(std::move(times.error()));
    const std::int64_t created = times->value().integer(0);
    const std::int64_t session_expires = times->value().integer(1);
    const std::chrono::microseconds refresh_ttl = lifetimes_.refresh_ttl;
    const std::int64_t expires = std::min(created + refresh_ttl.count(), session_expires);
    auto inserted = unit.db().execute(sessions_.insert_first_token, session.token_id.to_string(),
                                      session.id.to_string(), session.user.to_string(), session.token.hash,
                                      session.token.key_id, session.token.nonce, created, expires);
    if (!inserted) return pass(std::move(inserted.error()));
    auto recorded = unit.record(AuditEvent{AuditType::LoginSucceeded, session.user, session.id, origin, {}});
    if (!recorded) return pass(std::move(recorded.error()));
    auto access = signer_.sign(AccessGrant{user.id, session.id, user.role});
    return OpenedSession{std::move(user), seconds_between(created, expires), std::move(access)};
  });
}

SqlResult<std::vector<Session>> Engine::list_sessions(SqlSession& db, UserId user) const {
  auto rows = db.query(sessions_.list, user.to_string(), kListMax);
  if (!rows) return pass(std::move(rows.error()));
  std::vector<Session> sessions;
  sessions.reserve(rows->size());
  for (const SqlRow& row : *rows) sessions.push_back(session_from(row));
  return sessions;
}

/// Sessions by id first, and their tokens in a later statement: a rotation that was under way has committed by the time
/// its session's lock is ours, but a statement that began before would not see its new token. A session that has
/// expired lately is ended too: its last access token may still be good, and is denied only then.
SqlResult<std::vector<SessionId>> Engine::end_locked(SqlSession& db, const Ending& ending) const {
  const std::string user = ending.user.to_string();
  const auto only = ending.only ? std::optional(ending.only->to_string()) : std::nullopt;
  const auto keep = ending.keep ? std::optional(ending.keep->to_string()) : std::nullopt;
  constexpr std::chrono::microseconds kept = kKeepExpired;
  std::vector<SessionId> ended;
  while (true) {
    auto locked = db.query(sessions_.lock_batch, user, only, keep, kEndBatch, kept.count());
    if (!locked) return pass(std::move(locked.error()));
    if (locked->empty()) break;
    auto marked =
        db.query(sessions_.mark_batch, user, only, keep, locked->back().text(0), name_of(ending.reason), kept.count());
    if (!marked) return pass(std::move(marked.error()));
    for (const SqlRow& row : *marked) ended.push_back(id_from<SessionId>(row.text(0)));
    if (locked->size() < static_cast<std::size_t>(kEndBatch)) break;
  }
  auto revoked = db.execute(sessions_.revoke_tokens, user, only, keep);
  if (!revoked) return pass(std::move(revoked.error()));
  return ended;
}

AuditEvent Engine::session_ended(const Ending& ending, const std::vector<SessionId>& ended,
                                 const RequestOrigin& origin) {
  AuditEvent event{.type = AuditType::SessionEnded, .subject = ending.user, .session = ending.only, .origin = origin};
  event.details.emplace_back("reason", name_of(ending.reason));
  event.details.emplace_back("sessions_ended", std::to_string(ended.size()));
  return event;
}

SqlResult<std::vector<SessionId>> Engine::end_sessions(SqlSession& db, const Ending& ending,
                                                       const RequestOrigin& origin) const {
  return in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<std::vector<SessionId>> {
    auto user = lock_user(unit.db(), ending.user);
    if (!user) return pass(std::move(user.error()));
    if (!*user) return std::vector<SessionId>();
    auto ended = end_locked(unit.db(), ending);
    // What an administrator did is on record even when there was nothing to end.
    if (!ended || (ended->empty() && ending.reason != EndReason::AdminRevoked)) return ended;
    auto recorded = unit.record(session_ended(ending, *ended, origin));
    if (!recorded) return pass(std::move(recorded.error()));
    return ended;
  });
}

SqlResult<std::optional<SessionId>> Engine::logout(SqlSession& db, const PresentedToken& token,
                                                   const RequestOrigin& origin) const {
  auto row = db.query_one(sessions_.find_token, token.hash);
  if (!row) return pass(std::move(row.error()));
  if (!*row || !authentic(token, (*row)->text(2), (*row)->text(3))) return std::nullopt;
  const auto session = id_from<SessionId>((*row)->text(0));
  const auto user = id_from<UserId>((*row)->text(1));
  auto ended = end_sessions(db, Ending{user, EndReason::Logout, session}, origin);
  if (!ended) return pass(std::move(ended.error()));
  return ended->empty() ? std::nullopt : std::optional(session);
}

SqlResult<std::vector<EndedSession>> Engine::ended_within(SqlSession& db, std::chrono::seconds window,
                                                          const std::optional<EndedSession>& after, int limit) const {
  const std::int64_t after_time = after ? after->ended_at.time_since_epoch().count() : 0;
  const std::string after_id = after ? after->id.to_string() : std::string();
  auto rows = db.query(sessions_.ended_within, std::chrono::microseconds(window).count(), after_time, after_id,
                       std::clamp(limit, 1, kListMax));
  if (!rows) return pass(std::move(rows.error()));
  std::vector<EndedSession> ended;
  ended.reserve(rows->size());
  for (const SqlRow& row : *rows) {
    ended.push_back(EndedSession{id_from<SessionId>(row.text(0)), time_from(row.integer(1))});
  }
  return ended;
}

SqlResult<Cleaned> Engine::clean(SqlSession& db) const {
  constexpr std::chrono::microseconds kept = kKeepExpired;
  return in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<Cleaned> {
    auto tokens = unit.db().execute(sessions_.delete_tokens, kept.count(), kCleanBatch);
    if (!tokens) return pass(std::move(tokens.error()));
    auto sessions = unit.db().execute(sessions_.delete_sessions, kept.count(), kCleanBatch);
    if (!sessions) return pass(std::move(sessions.error()));
    constexpr std::uint64_t kFull = kCleanBatch;
    return Cleaned{*tokens, *sessions, *tokens >= kFull || *sessions >= kFull};
  });
}

}  // namespace sallyport::accounts::sql
