#include <algorithm>
#include <utility>

#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/bytes.hpp"
#include "sallyport/tokens/refresh_token.hpp"

#include "engine.hpp"
#include "exchange.hpp"
#include "rows.hpp"

// What to answer when a refresh token could not be exchanged. The session's row is locked meanwhile.

namespace sallyport::accounts::sql {

Engine::Found Engine::found_from(const SqlRow& row) {
  const auto status = parse_user_status(row.text(8));
  const auto role = parse_role(row.text(9));
  if (!status || !role) throw storage::SqlRowError("a stored user has an unknown role or status");
  std::optional<EndReason> ended;
  if (!row.is_null(6)) {
    ended = parse_end_reason(row.text(6));
    if (!ended) throw storage::SqlRowError("a stored session has an unknown reason of its end");
  }
  Found found{id_from<SessionId>(row.text(0)),
              id_from<UserId>(row.text(1)),
              row.text(2),
              row.text(3),
              row.integer(4),
              row.maybe_integer(5),
              ended,
              row.integer(7),
              *status,
              *role,
              std::nullopt,
              row.integer(18)};
  if (!row.is_null(10)) {
    found.child = Found::Child{row.text(10),
                               StoredToken{row.text(11), row.text(12), row.text(13)},
                               row.integer(14),
                               !row.is_null(15),
                               row.maybe_text(16).value_or(std::string()),
                               row.integer(17)};
  }
  return found;
}

SqlResult<Engine::Verdict> Engine::classify(UnitOfWork& unit, const RotationRequest& request, bool seen_live) const {
  auto locked = unit.db().query_one(rotation_.lock_session, request.presented.hash);
  if (!locked) return pass(std::move(locked.error()));
  // In a later statement than the lock, so that it sees what the lock's last holder did.
  const std::int64_t age_before = age_of(request);
  auto row = unit.db().query_one(rotation_.look, request.presented.hash);
  if (!row) return pass(std::move(row.error()));
  if (!*row) return RotationOutcome(Refused{RefreshRefusal::InvalidRefreshToken});
  const Found found = found_from(**row);

  const Arrival arrival{found.now - age_of(request), found.now - age_before};
  auto overlap = overlaps(unit.db(), request, found, seen_live, arrival);
  if (!overlap) return pass(std::move(overlap.error()));
  return judge(unit, request, found, *overlap);
}

std::int64_t Engine::age_of(const RotationRequest& request) const noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(audit_.clock.now() - request.received_at).count();
}

/// Whether the request had arrived before the rotation that used up its token.
SqlResult<bool> Engine::overlaps(SqlSession& db, const RotationRequest& request, const Found& found, bool seen_live,
                                 Arrival arrival) const {
  if (seen_live) return true;
  if (!found.revoked_at) return false;
  if (const auto known = recent_.overlaps(request.presented.hash, request.received_at)) return *known;
  // SQLite serves one process, and that has just said that it knows of none.
  if (dialect_ == storage::SqlDialect::Sqlite) return false;
  // Another process rotated. Both times are the database's, but the arrival is known only as well as the way to the
  // database is short; a slow answer is no reason to take an honest client for a thief. So look at the clock again
  // while in doubt.
  constexpr int kLooks = 8;
  for (int look = 0; look < kLooks && arrival.earliest <= *found.revoked_at && arrival.latest > *found.revoked_at;
       ++look) {
    const std::int64_t age_before = age_of(request);
    auto row = db.query_one(rotation_.time);
    if (!row) return pass(std::move(row.error()));
    const std::int64_t now = row->value().integer(0);
    arrival.earliest = std::max(arrival.earliest, now - age_of(request));
    arrival.latest = std::min(arrival.latest, now - age_before);
  }
  return arrival.earliest <= *found.revoked_at;
}

/// The first line that fits decides; their order is the rule.
SqlResult<Engine::Verdict> Engine::judge(UnitOfWork& unit, const RotationRequest& request, const Found& found,
                                         bool overlap) const {
  const auto refuse = [](RefreshRefusal refusal) { return Verdict(RotationOutcome(Refused{refusal})); };
  if (!authentic(request.presented, found.key_id, found.nonce)) return refuse(RefreshRefusal::InvalidRefreshToken);
  if (found.ended == EndReason::TokenReuse) return refuse(RefreshRefusal::ReuseDetected);
  // A stale device must not end the sessions of a newer login.
  if (found.ended || found.status != UserStatus::Active) return refuse(RefreshRefusal::SessionRevoked);
  if (found.session_expires_at <= found.now) return refuse(RefreshRefusal::Expired);
  if (!found.revoked_at) {
    if (found.expires_at <= found.now) return refuse(RefreshRefusal::Expired);
    // It can be exchanged after all: it came free between two statements. From the start, then.
    return storage::sql_failure(SqlErrorKind::Serialization, "the token became free while it was classified");
  }

  const std::int64_t rotated_ago = found.now - *found.revoked_at;
  const std::chrono::microseconds window = kReplayWindow;
  if (request.idempotency_key && rotated_ago <= window.count() && found.child_live() &&
      found.child->replays < kReplaysMax && !found.child->retry_key_hash.empty()) {
    const auto key = tokens::retry_key_hash(request.presented.hash, request.idempotency_key->expose());
    if (crypto::constant_time_equal(crypto::bytes_of(key), crypto::bytes_of(found.child->retry_key_hash)) &&
        mint_.derive(found.child->token)) {
      return give_again(unit, request, found, RotationKind::Replayed);
    }
  }
  if (overlap) return refuse(RefreshRefusal::ConcurrentRefresh);
  const std::chrono::microseconds grace = lifetimes_.refresh_grace;
  if (grace.count() > 0 && rotated_ago <= grace.count() && found.child_live() && mint_.derive(found.child->token)) {
    return give_again(unit, request, found, RotationKind::Grace);
  }
  return Reuse{found.user, found.session};
}

SqlResult<Engine::Verdict> Engine::give_again(UnitOfWork& unit, const RotationRequest& request, const Found& found,
                                              RotationKind kind) const {
  SALLYPORT_ASSERT(found.child.has_value());
  const Found::Child& child = *found.child;
  if (kind == RotationKind::Replayed) {
    auto counted = unit.db().execute(rotation_.count_replay, child.id);
    if (!counted) return pass(std::move(counted.error()));
  }
  AuditEvent event{
      .type = AuditType::TokenReplayed, .subject = found.user, .session = found.session, .origin = request.origin};
  event.details.emplace_back("because", kind == RotationKind::Replayed ? "idempotency_key" : "grace");
  if (auto recorded = unit.record(std::move(event)); !recorded) return pass(std::move(recorded.error()));
  return Verdict(RotationOutcome(Rotated{kind, found.user, found.session, found.role, child.token,
                                         std::chrono::seconds((child.expires_at - found.now) / 1'000'000),
                                         signer_.sign(AccessGrant{found.user, found.session, found.role})}));
}

}  // namespace sallyport::accounts::sql
