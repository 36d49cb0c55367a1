#include <algorithm>
#include <cstddef>
#include <utility>

#include "sallyport/crypto/bytes.hpp"
#include "sallyport/crypto/digest.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "sallyport/tokens/refresh_token.hpp"

#include "engine.hpp"
#include "exchange.hpp"
#include "rows.hpp"

namespace sallyport::accounts::sql {
namespace {

/// The same for all tokens of a session: finds whether a key has served one of its rotations. The key has 128 random
/// bits.
std::string session_key_hash(SessionId session, const Secret<std::string>& key) {
  Secret<std::string> both(session.to_string().append(key.expose()));
  return crypto::hex_encode(crypto::sha256(crypto::bytes_of(both.expose())));
}

Role role_from(const std::string& text) {
  const auto role = parse_role(text);
  if (!role) throw storage::SqlRowError("a stored user has an unknown role");
  return *role;
}

}  // namespace

bool Engine::authentic(const PresentedToken& presented, std::string_view key_id, std::string_view nonce) const {
  if (presented.key_id != key_id) return false;
  const auto expected = mint_.derive(StoredToken{presented.hash, std::string(key_id), std::string(nonce)});
  return expected &&
         crypto::constant_time_equal(crypto::bytes_of(expected->expose()), crypto::bytes_of(presented.token.expose()));
}

SqlResult<Engine::Exchange> Engine::exchange(SqlSession& db, const RotationRequest& request) const {
  if (dialect_ == storage::SqlDialect::Sqlite) return exchange_in_steps(db, request);
  const StoredToken& next = request.successor;
  const std::chrono::microseconds ttl = lifetimes_.refresh_ttl;
  auto row = db.query_one(rotation_.exchange, request.presented.hash, request.presented.key_id,
                          request.successor_id.to_string(), next.hash, next.key_id, next.nonce, ttl.count());
  if (!row) return pass(std::move(row.error()));
  Exchange result;
  if (!*row) return result;
  const SqlRow& found = **row;
  result.known = true;
  result.seen_live = found.boolean(0);
  if (found.is_null(1)) return result;
  result.taken = Exchange::Taken{id_from<SessionId>(found.text(1)),
                                 id_from<UserId>(found.text(2)),
                                 role_from(found.text(3)),
                                 found.text(4),
                                 found.integer(5),
                                 found.integer(6)};
  return result;
}

SqlResult<Engine::Exchange> Engine::exchange_in_steps(SqlSession& db, const RotationRequest& request) const {
  auto row = db.query_one(rotation_.take, request.presented.hash, request.presented.key_id);
  if (!row) return pass(std::move(row.error()));
  Exchange result;
  result.known = true;  // The classification finds out.
  if (!*row) return result;
  const SqlRow& found = **row;
  const StoredToken& next = request.successor;
  const std::chrono::microseconds ttl = lifetimes_.refresh_ttl;
  Exchange::Taken taken{id_from<SessionId>(found.text(0)),
                        id_from<UserId>(found.text(1)),
                        role_from(found.text(2)),
                        found.text(3),
                        found.integer(4),
                        std::min(found.integer(4) + ttl.count(), found.integer(6))};
  auto born = db.execute(rotation_.bear, request.successor_id.to_string(), found.text(0), found.text(1), found.text(5),
                         next.hash, next.key_id, next.nonce, taken.at, taken.successor_expires);
  if (!born) return pass(std::move(born.error()));
  auto used = db.execute(rotation_.use, found.text(0), taken.at);
  if (!used) return pass(std::move(used.error()));
  result.taken = std::move(taken);
  return result;
}

/// Notes the request's Idempotency-Key, if it has one, beside the rotation. False: the session has used it before.
SqlResult<bool> Engine::note_key(SqlSession& db, const RotationRequest& request, SessionId session) const {
  if (!request.idempotency_key) return true;
  const std::string session_hash = session_key_hash(session, *request.idempotency_key);
  auto used = db.query_one(rotation_.key_used, session.to_string(), session_hash);
  if (!used) return pass(std::move(used.error()));
  if (*used) return false;
  const std::string retry_hash = tokens::retry_key_hash(request.presented.hash, request.idempotency_key->expose());
  auto noted = db.execute(rotation_.note_key, request.successor_id.to_string(), retry_hash, session_hash);
  if (!noted) return pass(std::move(noted.error()));
  return true;
}

SqlResult<Engine::Verdict> Engine::attempt(UnitOfWork& unit, const RotationRequest& request, Attempt& state) const {
  state.exchanged = false;
  auto result = exchange(unit.db(), request);
  if (!result) return pass(std::move(result.error()));
  if (!result->known) return RotationOutcome(Refused{RefreshRefusal::InvalidRefreshToken});
  state.seen_live = state.seen_live || result->seen_live;
  if (!result->taken) return classify(unit, request, state.seen_live);

  const Exchange::Taken& taken = *result->taken;
  if (!authentic(request.presented, request.presented.key_id, taken.nonce)) {
    unit.abandon();
    return RotationOutcome(Refused{RefreshRefusal::InvalidRefreshToken});
  }
  auto noted = note_key(unit.db(), request, taken.session);
  if (!noted) return pass(std::move(noted.error()));
  if (!*noted) {
    unit.abandon();
    return RotationOutcome(Refused{RefreshRefusal::IdempotencyKeyReused});
  }
  auto recorded = unit.record(AuditEvent{AuditType::TokenRefreshed, taken.user, taken.session, request.origin, {}});
  if (!recorded) return pass(std::move(recorded.error()));
  state.exchanged = true;
  return RotationOutcome(Rotated{RotationKind::Rotated, taken.user, taken.session, taken.role, request.successor,
                                 std::chrono::seconds((taken.successor_expires - taken.at) / 1'000'000),
                                 signer_.sign(AccessGrant{taken.user, taken.session, taken.role})});
}

SqlResult<RotationRun> Engine::rotate(SqlSession& db, const RotationRequest& request) {
  Attempt state;
  for (bool again = true;; again = false) {
    UnitOfWork unit(db, audit_);
    auto transaction = db.begin();
    if (!transaction) return pass(std::move(transaction.error()));
    auto verdict = attempt(unit, request, state);
    if (!verdict) {
      transaction->rollback();
      if (again && verdict.error().kind == SqlErrorKind::Serialization) continue;
      return pass(std::move(verdict.error()));
    }
    if (const auto* reuse = std::get_if<Reuse>(&*verdict)) {
      // The session's lock is given back first: whatever ends sessions takes the user's row before them.
      transaction->rollback();
      auto punished = punish_reuse(db, request, *reuse);
      if (!punished) return pass(std::move(punished.error()));
      return RotationRun(*std::move(punished));
    }
    auto& outcome = std::get<RotationOutcome>(*verdict);
    if (unit.abandoned()) {
      transaction->rollback();
      return RotationRun(std::move(outcome));
    }
    if (state.exchanged) recent_.committing(request.presented.hash, audit_.clock.now());
    auto committed = transaction->commit();
    if (!committed && state.exchanged && committed.error().kind == SqlErrorKind::OutcomeUnknown) {
      return RotationRun(Unsettled{std::get<Rotated>(std::move(outcome))});
    }
    if (state.exchanged) settle(request.presented.hash, committed.has_value());
    if (committed) {
      unit.log_events();
      return RotationRun(std::move(outcome));
    }
    if (!again || committed.error().kind != SqlErrorKind::Serialization) return pass(std::move(committed.error()));
  }
}

void Engine::settle(const std::string& presented_hash, bool happened) {
  if (happened) {
    recent_.committed(presented_hash, audit_.clock.now());
  } else {
    recent_.withdrawn(presented_hash);
  }
}

SqlResult<bool> Engine::find_successor(SqlSession& db, SessionId session, const std::string& successor_hash) const {
  return in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<bool> {
    // The server may still be committing, or not have noticed yet that its client is gone: it holds this lock until
    // then.
    auto locked = unit.db().query_one(rotation_.lock_by_id, session.to_string());
    if (!locked) return pass(std::move(locked.error()));
    auto found = unit.db().query_one(rotation_.find_successor, successor_hash);
    if (!found) return pass(std::move(found.error()));
    return found->has_value();
  });
}

SqlResult<RotationOutcome> Engine::punish_reuse(SqlSession& db, const RotationRequest& request,
                                                const Reuse& reuse) const {
  return in_transaction(db, audit_, [&](UnitOfWork& unit) -> SqlResult<RotationOutcome> {
    auto user = lock_user(unit.db(), reuse.user);
    if (!user) return pass(std::move(user.error()));
    // Another request may have seen the same reuse and acted on it, or a logout may have come first.
    auto verdict = classify(unit, request, false);
    if (!verdict) return pass(std::move(verdict.error()));
    if (auto* outcome = std::get_if<RotationOutcome>(&*verdict)) return std::move(*outcome);

    auto raised = unit.db().execute(users_.raise_version, reuse.user.to_string());
    if (!raised) return pass(std::move(raised.error()));
    auto ended = end_locked(unit.db(), Ending{reuse.user, EndReason::TokenReuse});
    if (!ended) return pass(std::move(ended.error()));
    AuditEvent event{.type = AuditType::TokenReuseDetected,
                     .subject = reuse.user,
                     .session = reuse.session,
                     .origin = request.origin};
    event.details.emplace_back("sessions_ended", std::to_string(ended->size()));
    if (auto recorded = unit.record(std::move(event)); !recorded) return pass(std::move(recorded.error()));
    return RotationOutcome(Refused{RefreshRefusal::ReuseDetected, *std::move(ended)});
  });
}

}  // namespace sallyport::accounts::sql
