#include "sallyport/storage/sql/dialect_text.hpp"

#include "engine.hpp"
#include "rows.hpp"

namespace sallyport::payments::sql {

namespace {
constexpr const char* kKeyIs = "WHERE user_id = $1 AND method = $2 AND path = $3 AND key = $4";
}

Statements::Statements(storage::SqlDialect dialect) {
  const auto set = [dialect](std::string& statement, std::string_view text) {
    statement = storage::expand(dialect, text);
  };
  set(insert_payment,
      "INSERT INTO payments (id, user_id, amount, currency, status, description, reference, metadata, created_at, "
      "updated_at) VALUES ($1, $2, $3, $4, 'processing', $5, $6, $7, {now}, {now})");
  set(lock_own,
      "SELECT " SALLYPORT_PAYMENT_COLUMNS " FROM payments WHERE id = $1 AND user_id = $2 {for_no_key_update}");
  set(lock, "SELECT " SALLYPORT_PAYMENT_COLUMNS " FROM payments WHERE id = $1 {for_no_key_update}");
  set(begin_change, "UPDATE payments SET status = 'processing', failure_code = NULL, updated_at = {now} WHERE id = $1");
  set(change,
      "UPDATE payments SET status = $2, captured_amount = $3, refunded_amount = $4, failure_code = $5, "
      "authorization_reference = $6, updated_at = {now} WHERE id = $1 RETURNING " SALLYPORT_PAYMENT_COLUMNS);
  set(find, "SELECT " SALLYPORT_PAYMENT_COLUMNS " FROM payments WHERE id = $1 AND user_id = $2");
  set(list, "SELECT " SALLYPORT_PAYMENT_COLUMNS
            " FROM payments WHERE user_id = $1 AND (created_at, id) < ($2, $3) "
            "ORDER BY created_at DESC, id DESC LIMIT $4");
  set(list_of_status, "SELECT " SALLYPORT_PAYMENT_COLUMNS
                      " FROM payments WHERE user_id = $1 AND (created_at, id) < ($2, $3) AND status = $5 "
                      "ORDER BY created_at DESC, id DESC LIMIT $4");

  set(insert_operation,
      "INSERT INTO payment_operations (id, payment_id, kind, amount, state, due_at, created_at) "
      "VALUES ($1, $2, $3, $4, 'pending', {now} + $5, {now})");
  set(operation, "SELECT kind, amount, state, checks FROM payment_operations WHERE id = $1");
  set(payment_of, "SELECT payment_id FROM payment_operations WHERE id = $1");
  set(end_operation,
      "UPDATE payment_operations SET state = $2, failure_code = $3, processor_reference = $4, settled_at = {now} "
      "WHERE id = $1");
  set(defer_operation, "UPDATE payment_operations SET due_at = {now} + $2 WHERE id = $1");
  set(reserved,
      "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM payment_operations "
      "WHERE payment_id = $1 AND kind = 'refund' AND state = 'pending'");
  set(take_due,
      "UPDATE payment_operations SET due_at = {now} + $1, checks = checks + 1 WHERE id IN (SELECT id FROM "
      "payment_operations WHERE state = 'pending' AND due_at <= {now} ORDER BY due_at, id LIMIT $2 "
      "{for_update_skip_locked}) RETURNING id, {now} - created_at");

  set(insert_refund,
      "INSERT INTO refunds (id, payment_id, operation_id, amount, reason, status, created_at, updated_at) "
      "VALUES ($1, $2, $3, $4, $5, 'processing', {now}, {now})");
  set(refund_of, "SELECT " SALLYPORT_REFUND_COLUMNS " FROM refunds WHERE operation_id = $1");
  set(end_refund, "UPDATE refunds SET status = $2, failure_code = $3, updated_at = {now} WHERE operation_id = $1");
  set(insert_event,
      "INSERT INTO payment_events (id, payment_id, operation_id, at, type, amount) "
      "VALUES ($1, $2, $3, {now}, $4, $5)");

  set(claim,
      "INSERT INTO idempotency_keys (user_id, method, path, key, body_hash, operation_id, lease_until, created_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, {now} + $7, {now}) ON CONFLICT (user_id, method, path, key) DO NOTHING");
  set(read_claim,
      std::string("SELECT k.body_hash, k.operation_id, k.answer_status, k.answer, k.lease_until - {now}, "
                  "{now} - k.created_at, {now} - o.created_at FROM idempotency_keys k "
                  "JOIN payment_operations o ON o.id = k.operation_id "
                  "WHERE k.user_id = $1 AND k.method = $2 AND k.path = $3 AND k.key = $4 {for_update_of_k}"));
  set(renew_lease, std::string("UPDATE idempotency_keys SET lease_until = {now} + $5 ") + kKeyIs);
  set(replace_claim,
      std::string("UPDATE idempotency_keys SET body_hash = $5, operation_id = $6, lease_until = {now} + $7, "
                  "created_at = {now}, answer_status = NULL, answer = NULL ") +
          kKeyIs);
  set(stored_answer,
      "SELECT answer_status, answer FROM idempotency_keys WHERE operation_id = $1 AND answer IS NOT NULL");
  set(store_answer, "UPDATE idempotency_keys SET answer_status = $2, answer = $3 WHERE operation_id = $1");
  set(clean,
      "DELETE FROM idempotency_keys WHERE operation_id IN (SELECT operation_id FROM idempotency_keys "
      "WHERE created_at < {now} - $1 ORDER BY created_at LIMIT $2)");
}

}  // namespace sallyport::payments::sql
