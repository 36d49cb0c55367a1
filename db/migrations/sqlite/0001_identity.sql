-- Identity: users, their sessions, the refresh tokens of those sessions, and the audit trail.
-- Times are microseconds since 1970 in UTC, hashes and nonces are lower-case hex, ids are UUIDv7 text.

CREATE TABLE users (
  id                     TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  email                  TEXT    NOT NULL UNIQUE
                                CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254 AND email NOT GLOB '*[^!-~]*'),
  name                   TEXT    CHECK (length(name) BETWEEN 1 AND 200),
  password_hash          TEXT    NOT NULL CHECK (length(password_hash) BETWEEN 1 AND 512),
  role                   TEXT    NOT NULL CHECK (role IN ('user', 'admin')),
  status                 TEXT    NOT NULL CHECK (status IN ('active', 'disabled')),
  -- Raised by whatever makes older proofs of identity void: a new password, disabling, a reused token.
  credential_version     INTEGER NOT NULL DEFAULT 1 CHECK (credential_version >= 1),
  created_at             INTEGER NOT NULL,
  updated_at             INTEGER NOT NULL
) STRICT;
-- The admins who are left are counted, and locked in this order.
CREATE INDEX users_active_admins ON users (id) WHERE role = 'admin' AND status = 'active';

CREATE TABLE sessions (
  id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  user_id      TEXT    NOT NULL REFERENCES users (id),
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL CHECK (expires_at > created_at),
  ended_at     INTEGER,
  ended_reason TEXT    CHECK (ended_reason IN ('logout', 'logout_all', 'deleted', 'password_changed', 'password_guessing',
                                              'role_changed', 'user_disabled', 'admin_revoked', 'token_reuse')),
  user_agent   TEXT    CHECK (length(user_agent) <= 256),
  address      TEXT    CHECK (length(address) <= 64),
  CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
) STRICT;
CREATE INDEX sessions_open ON sessions (user_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_ended ON sessions (ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE refresh_tokens (
  id               TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  session_id       TEXT    NOT NULL REFERENCES sessions (id),
  user_id          TEXT    NOT NULL REFERENCES users (id),
  -- The token that this one replaced. Unique: a token has one successor, whatever races.
  parent_id        TEXT    UNIQUE REFERENCES refresh_tokens (id) ON DELETE SET NULL,
  token_hash       TEXT    NOT NULL UNIQUE CHECK (length(token_hash) = 64),
  key_id           TEXT    NOT NULL CHECK (length(key_id) BETWEEN 1 AND 64),
  nonce            TEXT    NOT NULL CHECK (length(nonce) = 64),
  -- SHA-256 of the replaced token's hash and the Idempotency-Key of the rotation that made this token.
  retry_key_hash   TEXT    CHECK (length(retry_key_hash) = 64),
  -- SHA-256 of the session's id and the same key: a key serves one rotation of a session.
  session_key_hash TEXT    CHECK (length(session_key_hash) = 64),
  replays          INTEGER NOT NULL DEFAULT 0 CHECK (replays >= 0),
  created_at       INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL,
  revoked_at       INTEGER,
  revoked_reason   TEXT    CHECK (revoked_reason IN ('rotated', 'session_ended')),
  CHECK ((revoked_at IS NULL) = (revoked_reason IS NULL)),
  CHECK ((retry_key_hash IS NULL) = (session_key_hash IS NULL)),
  UNIQUE (session_id, session_key_hash)
) STRICT;
CREATE INDEX refresh_tokens_live ON refresh_tokens (user_id, session_id) WHERE revoked_at IS NULL;

CREATE TABLE audit_events (
  id         TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  at         INTEGER NOT NULL,
  type       TEXT    NOT NULL CHECK (length(type) BETWEEN 1 AND 64),
  severity   TEXT    NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  actor_id   TEXT    CHECK (length(actor_id) <= 64),
  subject_id TEXT    CHECK (length(subject_id) <= 64),
  session_id TEXT    CHECK (length(session_id) = 36),
  address    TEXT    CHECK (length(address) <= 64),
  request_id TEXT    CHECK (length(request_id) <= 128),
  details    TEXT    NOT NULL DEFAULT '{}' CHECK (length(details) <= 8192)
) STRICT;
CREATE INDEX audit_events_time ON audit_events (at, id);
CREATE INDEX audit_events_subject ON audit_events (subject_id, at, id);
CREATE INDEX audit_events_type ON audit_events (type, at, id);

-- Append-only: there are no privileges here, so triggers refuse.
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit_events is append-only');
END;
CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN
  SELECT RAISE(ABORT, 'audit_events is append-only');
END;
-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE id = NEW.id)
BEGIN
  SELECT RAISE(ABORT, 'audit_events is append-only');
END;
