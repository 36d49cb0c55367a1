-- Payments: what users paid, what the card processor was asked for, refunds, the ledger, and idempotency keys.
-- Amounts are minor units of the payment's currency. No reference to users: the payments service reads no table of identity,
-- and believes the access token.

CREATE TABLE payments (
  id                      TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  user_id                 TEXT    NOT NULL CHECK (length(user_id) = 36),
  amount                  INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 99999999),
  currency                TEXT    NOT NULL CHECK (length(currency) = 3),
  status                  TEXT    NOT NULL CHECK (status IN ('processing', 'authorized', 'captured', 'partially_refunded',
                                                            'refunded', 'canceled', 'failed')),
  captured_amount         INTEGER NOT NULL DEFAULT 0 CHECK (captured_amount BETWEEN 0 AND amount),
  refunded_amount         INTEGER NOT NULL DEFAULT 0 CHECK (refunded_amount BETWEEN 0 AND captured_amount),
  failure_code            TEXT    CHECK (length(failure_code) BETWEEN 1 AND 64),
  description             TEXT    CHECK (length(description) <= 255),
  reference               TEXT    CHECK (length(reference) BETWEEN 1 AND 64),
  metadata                TEXT    NOT NULL DEFAULT '{}' CHECK (length(metadata) <= 80000),
  authorization_reference TEXT    CHECK (length(authorization_reference) BETWEEN 1 AND 255),
  created_at              INTEGER NOT NULL,
  updated_at              INTEGER NOT NULL
) STRICT;
CREATE INDEX payments_of_user ON payments (user_id, created_at, id);
CREATE INDEX payments_of_user_by_status ON payments (user_id, status, created_at, id);

-- One for each thing that the processor is asked to do. Its id is the processor's idempotency key. While it is pending its
-- amount is reserved, and the outcome may be unknown.
CREATE TABLE payment_operations (
  id                  TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  payment_id          TEXT    NOT NULL REFERENCES payments (id),
  kind                TEXT    NOT NULL CHECK (kind IN ('authorize', 'charge', 'capture', 'void', 'refund')),
  amount              INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 99999999),
  state               TEXT    NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
  failure_code        TEXT    CHECK (length(failure_code) BETWEEN 1 AND 64),
  processor_reference TEXT    CHECK (length(processor_reference) BETWEEN 1 AND 255),
  -- How often the processor was asked what became of it, and when to ask next.
  checks              INTEGER NOT NULL DEFAULT 0 CHECK (checks >= 0),
  due_at              INTEGER NOT NULL,
  created_at          INTEGER NOT NULL,
  settled_at          INTEGER,
  CHECK ((state = 'pending') = (settled_at IS NULL)),
  CHECK ((state = 'failed') = (failure_code IS NOT NULL))
) STRICT;
CREATE INDEX payment_operations_due ON payment_operations (due_at, id) WHERE state = 'pending';
CREATE INDEX payment_operations_of_payment ON payment_operations (payment_id, state);
-- Refunds may overlap, what changes the authorization may not.
CREATE UNIQUE INDEX payment_operations_one ON payment_operations (payment_id) WHERE state = 'pending' AND kind <> 'refund';

CREATE TABLE refunds (
  id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  payment_id   TEXT    NOT NULL REFERENCES payments (id),
  operation_id TEXT    NOT NULL UNIQUE REFERENCES payment_operations (id),
  amount       INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 99999999),
  reason       TEXT    CHECK (length(reason) <= 255),
  status       TEXT    NOT NULL CHECK (status IN ('processing', 'succeeded', 'failed')),
  failure_code TEXT    CHECK (length(failure_code) BETWEEN 1 AND 64),
  created_at   INTEGER NOT NULL,
  updated_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX refunds_of_payment ON refunds (payment_id, created_at, id);

-- The ledger: the sum of its captured and its refunded amounts is what the payment's row says.
CREATE TABLE payment_events (
  id           TEXT    NOT NULL PRIMARY KEY CHECK (length(id) = 36),
  payment_id   TEXT    NOT NULL REFERENCES payments (id),
  operation_id TEXT    NOT NULL REFERENCES payment_operations (id),
  at           INTEGER NOT NULL,
  type         TEXT    NOT NULL CHECK (type IN ('authorized', 'captured', 'canceled', 'refunded', 'failed')),
  amount       INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 99999999),
  UNIQUE (operation_id, type)
) STRICT;
CREATE INDEX payment_events_of_payment ON payment_events (payment_id, at, id);

-- A key counts for one user, method and path. Without an answer its first request is under way until lease_until.
CREATE TABLE idempotency_keys (
  user_id       TEXT    NOT NULL CHECK (length(user_id) = 36),
  method        TEXT    NOT NULL CHECK (length(method) BETWEEN 1 AND 32),
  path          TEXT    NOT NULL CHECK (length(path) BETWEEN 1 AND 1024),
  key           TEXT    NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  body_hash     TEXT    NOT NULL CHECK (length(body_hash) = 64),
  -- Claimed before the operation is inserted, in one transaction.
  operation_id  TEXT    NOT NULL UNIQUE REFERENCES payment_operations (id) DEFERRABLE INITIALLY DEFERRED,
  lease_until   INTEGER NOT NULL,
  answer_status INTEGER CHECK (answer_status BETWEEN 200 AND 299),
  answer        TEXT    CHECK (length(answer) <= 100000),
  created_at    INTEGER NOT NULL,
  PRIMARY KEY (user_id, method, path, key),
  CHECK ((answer_status IS NULL) = (answer IS NULL))
) STRICT;
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);

-- Append-only: there are no privileges here, so triggers refuse.
CREATE TRIGGER payment_events_no_update BEFORE UPDATE ON payment_events
BEGIN
  SELECT RAISE(ABORT, 'payment_events is append-only');
END;
CREATE TRIGGER payment_events_no_delete BEFORE DELETE ON payment_events
BEGIN
  SELECT RAISE(ABORT, 'payment_events is append-only');
END;
-- INSERT OR REPLACE deletes without asking the trigger above.
CREATE TRIGGER payment_events_no_replace BEFORE INSERT ON payment_events
WHEN EXISTS (SELECT 1 FROM payment_events WHERE id = NEW.id OR (operation_id = NEW.operation_id AND type = NEW.type))
BEGIN
  SELECT RAISE(ABORT, 'payment_events is append-only');
END;
