#include <algorithm>
#include <chrono>
#include <utility>

#include "sallyport/payments/json.hpp"

#include "engine.hpp"
#include "rows.hpp"

namespace sallyport::payments::sql {
namespace {

constexpr std::int64_t kFirstCheckUs = std::chrono::microseconds(std::chrono::seconds(1)).count();
constexpr std::int64_t kDoublings = 6;  // 64 s: the longest time between two questions

const std::string* failure_of(const Verdict& verdict) {
  const auto* declined = std::get_if<Declined>(&verdict);
  return declined != nullptr ? &declined->code : nullptr;
}

std::optional<std::string> text_of(const std::string* text) {
  return text != nullptr ? std::optional(*text) : std::nullopt;
}

int status_of(OperationKind kind) {
  return kind == OperationKind::Capture || kind == OperationKind::Void ? 200 : 201;
}

}  // namespace

SqlResult<Engine::Stored> Engine::lock(SqlSession& db, OperationId operation) const {
  const std::string id = operation.to_string();
  auto payment_id = db.query_one(sql_.payment_of, id);
  if (!payment_id) return pass(std::move(payment_id.error()));
  if (!*payment_id) return storage::sql_failure(SqlErrorKind::Other, "no such operation");
  auto payment = db.query_one(sql_.lock, (*payment_id)->text(0));
  if (!payment) return pass(std::move(payment.error()));
  // Read after the payment's lock: another one may have settled it meanwhile.
  auto row = db.query_one(sql_.operation, id);
  if (!row) return pass(std::move(row.error()));
  const auto kind = parse_operation_kind((*row)->text(0));
  if (!kind) throw storage::SqlRowError("a stored operation is of an unknown kind");
  return Stored{payment_from(payment->value()),
                *kind,
                (*row)->integer(1),
                (*row)->text(2) == "pending",
                (*row)->text(2) == "failed",
                (*row)->integer(3)};
}

SqlResult<Answer> Engine::settle(SqlSession& db, OperationId operation, const Verdict& verdict) const {
  return in_transaction(db, [&](Then&) -> SqlResult<Answer> {
    auto stored = lock(db, operation);
    if (!stored) return pass(std::move(stored.error()));
    const std::string id = operation.to_string();
    const auto failure = text_of(failure_of(verdict));
    const auto* approved = std::get_if<Approved>(&verdict);
    if (!stored->pending) {
      // Nothing here may move money by itself any more: a person must look at it.
      if (stored->failed && approved != nullptr)
        logger_.write(log::Level::Error, "approved_after_failure",
                      {{"operation_id", std::string_view(id)}, {"reference", std::string_view(approved->reference)}});
      return answer_of(db, stored->payment, stored->kind, operation);
    }
    auto ended = db.execute(sql_.end_operation, id, failure ? "failed" : "succeeded", failure,
                            text_of(approved != nullptr ? &approved->reference : nullptr));
    if (!ended) return pass(std::move(ended.error()));
    if (stored->kind == OperationKind::Refund) {
      auto changed =
          db.execute(sql_.end_refund, id, name_of(failure ? RefundStatus::Failed : RefundStatus::Succeeded), failure);
      if (!changed) return pass(std::move(changed.error()));
    }
    auto payment = apply(db, *stored, operation, verdict);
    if (!payment) return pass(std::move(payment.error()));
    if (auto noted = record(db, *stored, operation, verdict); !noted) return pass(std::move(noted.error()));

    Answer answer{status_of(stored->kind), {}};
    if (stored->kind == OperationKind::Refund) {
      auto refund = db.query_one(sql_.refund_of, id);
      if (!refund) return pass(std::move(refund.error()));
      answer.body = to_json(refund_from(refund->value()));
    } else {
      answer.body = to_json(*payment);
    }
    return store(db, operation, std::move(answer));
  });
}

SqlResult<Payment> Engine::apply(SqlSession& db, const Stored& stored, OperationId, const Verdict& verdict) const {
  const Payment& payment = stored.payment;
  const auto* approved = std::get_if<Approved>(&verdict);
  const auto next =
      after(payment, stored.kind, stored.amount, approved != nullptr ? Ending::Approved : Ending::Declined);
  if (!next) return storage::sql_failure(SqlErrorKind::Other, "an operation would take more than there is");
  auto failure = payment.failure_code;
  if (stored.kind != OperationKind::Refund) failure = text_of(failure_of(verdict));
  auto authorization = payment.authorization;
  if (approved != nullptr && !authorization) authorization = approved->reference;
  auto row = db.query_one(sql_.change, payment.id.to_string(), name_of(next->status), next->captured, next->refunded,
                          failure, authorization);
  if (!row) return pass(std::move(row.error()));
  return payment_from(row->value());
}

SqlResult<> Engine::record_event(SqlSession& db, PaymentId payment, OperationId operation, std::string_view type,
                                 std::int64_t amount) const {
  auto inserted = db.execute(sql_.insert_event, fresh_id<EventId>().to_string(), payment.to_string(),
                             operation.to_string(), type, amount);
  if (!inserted) return pass(std::move(inserted.error()));
  return {};
}

SqlResult<> Engine::record(SqlSession& db, const Stored& stored, OperationId operation, const Verdict& verdict) const {
  const PaymentId payment = stored.payment.id;
  if (std::holds_alternative<Declined>(verdict)) return record_event(db, payment, operation, "failed", stored.amount);
  switch (stored.kind) {
    case OperationKind::Authorize:
      return record_event(db, payment, operation, "authorized", stored.amount);
    case OperationKind::Charge:
      if (auto noted = record_event(db, payment, operation, "authorized", stored.amount); !noted) return noted;
      return record_event(db, payment, operation, "captured", stored.amount);
    case OperationKind::Capture:
      return record_event(db, payment, operation, "captured", stored.amount);
    case OperationKind::Void:
      return record_event(db, payment, operation, "canceled", stored.amount);
    case OperationKind::Refund:
      break;
  }
  return record_event(db, payment, operation, "refunded", stored.amount);
}

/// What the operation was answered with, or how things stand when no key keeps that.
SqlResult<Answer> Engine::answer_of(SqlSession& db, const Payment& payment, OperationKind kind,
                                    OperationId operation) const {
  auto row = db.query_one(sql_.stored_answer, operation.to_string());
  if (!row) return pass(std::move(row.error()));
  if (*row) return Answer{static_cast<int>((*row)->integer(0)), (*row)->text(1)};
  if (kind != OperationKind::Refund) return Answer{status_of(kind), to_json(payment)};
  auto refund = db.query_one(sql_.refund_of, operation.to_string());
  if (!refund) return pass(std::move(refund.error()));
  return Answer{status_of(kind), to_json(refund_from(refund->value()))};
}

SqlResult<Answer> Engine::store(SqlSession& db, OperationId operation, Answer answer) const {
  auto kept = db.execute(sql_.store_answer, operation.to_string(), answer.status, answer.body);
  if (!kept) return pass(std::move(kept.error()));
  return answer;
}

SqlResult<Answer> Engine::postpone(SqlSession& db, OperationId operation) const {
  return in_transaction(db, [&](Then&) -> SqlResult<Answer> {
    auto stored = lock(db, operation);
    if (!stored) return pass(std::move(stored.error()));
    if (!stored->pending) return answer_of(db, stored->payment, stored->kind, operation);
    const std::int64_t wait = kFirstCheckUs << std::min(stored->checks, kDoublings);
    auto deferred = db.execute(sql_.defer_operation, operation.to_string(), wait);
    if (!deferred) return pass(std::move(deferred.error()));
    auto answer = answer_of(db, stored->payment, stored->kind, operation);
    if (!answer || answer->status == 202) return answer;
    answer->status = 202;
    return store(db, operation, *std::move(answer));
  });
}

}  // namespace sallyport::payments::sql
