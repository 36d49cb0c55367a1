#include "sallyport/storage/sql/dialect_text.hpp"

#include "engine.hpp"

namespace sallyport::accounts::sql {
namespace {

// $1 presented hash, $2 its key id, $3 successor's id, $4 its hash, $5 key id, $6 nonce, $7 refresh_ttl in
// microseconds.
//
// `seen` is the row as it was when the statement began: a request that waited in `held` for a rotation still sees it
// live. `owner` takes the user's row before `held` takes the session's, as everything that ends sessions does; the
// foreign key of the new token would take the same lock afterwards, and so in the wrong order.
constexpr std::string_view kExchange = R"(
WITH seen AS MATERIALIZED (
  SELECT session_id, user_id, revoked_at IS NULL AS live FROM refresh_tokens WHERE token_hash = $1
), owner AS MATERIALIZED (
  SELECT u.id, u.role FROM users u JOIN seen ON u.id = seen.user_id WHERE u.status = 'active' FOR KEY SHARE OF u
), held AS MATERIALIZED (
  SELECT s.id, s.user_id, s.expires_at, owner.role
  FROM sessions s JOIN seen ON s.id = seen.session_id JOIN owner ON owner.id = s.user_id
  WHERE s.ended_at IS NULL AND s.expires_at > {now} FOR NO KEY UPDATE OF s
), taken AS (
  UPDATE refresh_tokens t SET revoked_at = {now}, revoked_reason = 'rotated' FROM held
  WHERE t.token_hash = $1 AND t.key_id = $2 AND t.session_id = held.id AND t.revoked_at IS NULL AND t.expires_at > {now}
  RETURNING t.id, t.nonce, t.revoked_at, held.id AS session_id, held.user_id, held.role, held.expires_at
), born AS (
  INSERT INTO refresh_tokens (id, session_id, user_id, parent_id, token_hash, key_id, nonce, created_at, expires_at)
  SELECT $3, session_id, user_id, id, $4, $5, $6, revoked_at, LEAST(revoked_at + CAST($7 AS BIGINT), expires_at) FROM taken
  RETURNING expires_at
), used AS (
  UPDATE sessions s SET last_used_at = taken.revoked_at FROM taken WHERE s.id = taken.session_id
)
SELECT CASE WHEN seen.live THEN 1 ELSE 0 END, taken.session_id, taken.user_id, taken.role, taken.nonce, taken.revoked_at,
       born.expires_at
FROM seen LEFT JOIN taken ON TRUE LEFT JOIN born ON TRUE)";

// SQLite has no data-modifying WITH. The same in steps: nobody else writes meanwhile.
constexpr std::string_view kTake = R"(
UPDATE refresh_tokens SET revoked_at = {now}, revoked_reason = 'rotated'
WHERE token_hash = $1 AND key_id = $2 AND revoked_at IS NULL AND expires_at > {now} AND EXISTS (
  SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id
  WHERE s.id = refresh_tokens.session_id AND s.ended_at IS NULL AND s.expires_at > {now} AND u.status = 'active')
RETURNING session_id, user_id, (SELECT u.role FROM users u WHERE u.id = refresh_tokens.user_id), nonce, revoked_at, id,
  (SELECT s.expires_at FROM sessions s WHERE s.id = refresh_tokens.session_id))";

constexpr std::string_view kLook = R"(
SELECT t.session_id, t.user_id, t.key_id, t.nonce, t.expires_at, t.revoked_at, s.ended_reason, s.expires_at, u.status, u.role,
       c.id, c.token_hash, c.key_id, c.nonce, c.expires_at, c.revoked_at, c.retry_key_hash, c.replays, {now}
FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = t.user_id
LEFT JOIN refresh_tokens c ON c.parent_id = t.id
WHERE t.token_hash = $1)";

}  // namespace

RotationStatements::RotationStatements(storage::SqlDialect dialect)
    : exchange(expand(dialect, kExchange)),
      take(expand(dialect, kTake)),
      bear(expand(
          dialect,
          "INSERT INTO refresh_tokens (id, session_id, user_id, parent_id, token_hash, key_id, nonce, created_at, "
          "expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)")),
      use(expand(dialect, "UPDATE sessions SET last_used_at = $2 WHERE id = $1")),
      key_used(expand(dialect, "SELECT 1 FROM refresh_tokens WHERE session_id = $1 AND session_key_hash = $2")),
      note_key(expand(dialect, "UPDATE refresh_tokens SET retry_key_hash = $2, session_key_hash = $3 WHERE id = $1")),
      lock_session(expand(dialect,
                          "SELECT s.id FROM sessions s JOIN refresh_tokens t ON t.session_id = s.id "
                          "WHERE t.token_hash = $1 {for_no_key_update_of_s}")),
      look(expand(dialect, kLook)),
      count_replay(expand(dialect, "UPDATE refresh_tokens SET replays = replays + 1 WHERE id = $1")),
      lock_by_id(expand(dialect, "SELECT s.id FROM sessions s WHERE s.id = $1 {for_no_key_update_of_s}")),
      find_successor(expand(dialect, "SELECT 1 FROM refresh_tokens WHERE token_hash = $1")),
      time(expand(dialect, "SELECT {now}")) {}

}  // namespace sallyport::accounts::sql
