#include <chrono>
#include <utility>

#include "sallyport/payments/json.hpp"

#include "engine.hpp"
#include "rows.hpp"

namespace sallyport::payments::sql {
namespace {

constexpr std::int64_t kLeaseUs = std::chrono::microseconds(kLease).count();
constexpr std::int64_t kLifetimeUs = std::chrono::microseconds(kKeyLifetime).count();

}  // namespace

SqlResult<Begun> Engine::begin(SqlSession& db, const OperationRequest& request,
                               const std::optional<IdempotencyClaim>& claimed, NewWork new_work) const {
  return in_transaction(db, [&](Then& then) -> SqlResult<Begun> {
    const auto refuse = [&then](Refusal refusal) {
      then = Then::Rollback;  // a refused request leaves nothing, its key least of all
      return Begun(refusal);
    };
    const UserId user = std::visit([](const auto& form) { return form.user; }, request);
    const OperationId operation = fresh_id<OperationId>();
    std::optional<Payment> payment;
    if (!std::holds_alternative<CreatePayment>(request)) {
      const PaymentId id = std::visit(
          [operation](const auto& form) {
            if constexpr (requires { form.payment; }) return form.payment;
            return PaymentId(operation.uuid());  // not reached
          },
          request);
      auto row = db.query_one(sql_.lock_own, id.to_string(), user.to_string());
      if (!row) return pass(std::move(row.error()));
      if (!*row) return refuse(Refusal::NotFound);
      payment = payment_from(**row);
    }
    auto earlier = claim(db, user, claimed, operation);
    if (!earlier) return pass(std::move(earlier.error()));
    if (*earlier) return **std::move(earlier);
    if (new_work == NewWork::Refused) return refuse(Refusal::ProcessorClosed);
    auto prepared = std::visit([&](const auto& form) { return prepare(db, form, payment, operation); }, request);
    if (!prepared) return pass(std::move(prepared.error()));
    if (const auto* refusal = std::get_if<Refusal>(&*prepared)) return refuse(*refusal);
    return Begun(std::get<Operation>(*std::move(prepared)));
  });
}

SqlResult<std::optional<Begun>> Engine::claim(SqlSession& db, UserId user, const std::optional<IdempotencyClaim>& claim,
                                              OperationId operation) const {
  if (!claim) return std::nullopt;
  const std::string user_id = user.to_string();
  auto inserted = db.execute(sql_.claim, user_id, claim->method, claim->path, claim->key, claim->body_hash,
                             operation.to_string(), kLeaseUs);
  if (!inserted) return pass(std::move(inserted.error()));
  if (*inserted == 1) return std::nullopt;
  auto row = db.query_one(sql_.read_claim, user_id, claim->method, claim->path, claim->key);
  if (!row) return pass(std::move(row.error()));
  // Cleaned away between the two statements: nobody can say more than that it was here a moment ago.
  if (!*row) return Begun(Refusal::RequestInProgress);
  return judge_claim(db, **row, user_id, *claim, operation);
}

SqlResult<std::optional<Begun>> Engine::judge_claim(SqlSession& db, const SqlRow& row, const std::string& user,
                                                    const IdempotencyClaim& claim, OperationId operation) const {
  if (row.integer(5) >= kLifetimeUs) {
    auto replaced = db.execute(sql_.replace_claim, user, claim.method, claim.path, claim.key, claim.body_hash,
                               operation.to_string(), kLeaseUs);
    if (!replaced) return pass(std::move(replaced.error()));
    return std::nullopt;
  }
  if (row.text(0) != claim.body_hash) return Begun(Refusal::IdempotencyKeyReused);
  if (!row.is_null(2)) return Begun(Answer{static_cast<int>(row.integer(2)), row.text(3)});
  if (row.integer(4) > 0) return Begun(Refusal::RequestInProgress);
  // Whoever claimed it is dead. What it began may have happened, so this request only asks.
  auto renewed = db.execute(sql_.renew_lease, user, claim.method, claim.path, claim.key, kLeaseUs);
  if (!renewed) return pass(std::move(renewed.error()));
  return Begun(OpenOperation{id_from<OperationId>(row.text(1)), std::chrono::microseconds(row.integer(6))});
}

SqlResult<> Engine::insert_operation(SqlSession& db, PaymentId payment, const Operation& operation) const {
  auto inserted = db.execute(sql_.insert_operation, operation.id.to_string(), payment.to_string(),
                             name_of(operation.kind), operation.amount.minor(), kLeaseUs);
  if (!inserted) return pass(std::move(inserted.error()));
  return {};
}

SqlResult<Engine::Prepared> Engine::prepare(SqlSession& db, const CreatePayment& form, const std::optional<Payment>&,
                                            OperationId operation) const {
  const auto id = fresh_id<PaymentId>();
  auto inserted = db.execute(sql_.insert_payment, id.to_string(), form.user.to_string(), form.amount.minor(),
                             form.amount.currency().code(), form.description, form.reference, object_of(form.metadata));
  if (!inserted) return pass(std::move(inserted.error()));
  const auto kind = form.capture == CaptureMode::AtOnce ? OperationKind::Charge : OperationKind::Authorize;
  Operation begun{operation, kind, form.amount, {}};
  if (auto noted = insert_operation(db, id, begun); !noted) return pass(std::move(noted.error()));
  return begun;
}

SqlResult<Engine::Prepared> Engine::begin_change(SqlSession& db, const Payment& payment,
                                                 const Operation& operation) const {
  auto changed = db.execute(sql_.begin_change, payment.id.to_string());
  if (!changed) return pass(std::move(changed.error()));
  if (auto noted = insert_operation(db, payment.id, operation); !noted) return pass(std::move(noted.error()));
  return operation;
}

SqlResult<Engine::Prepared> Engine::prepare(SqlSession& db, const CapturePayment& form,
                                            const std::optional<Payment>& payment, OperationId operation) const {
  if (!allows(payment->status, PaymentAction::Capture)) return Refusal::InvalidPaymentState;
  const Money whole = payment->amount;
  const auto amount = Money::of(form.amount.value_or(whole.minor()), whole.currency());
  if (!amount || !amount->payable() || !whole.minus(*amount)) return Refusal::InvalidPaymentState;
  return begin_change(db, *payment, {operation, OperationKind::Capture, *amount, payment->authorization.value_or("")});
}

SqlResult<Engine::Prepared> Engine::prepare(SqlSession& db, const CancelPayment&, const std::optional<Payment>& payment,
                                            OperationId operation) const {
  if (!allows(payment->status, PaymentAction::Cancel)) return Refusal::InvalidPaymentState;
  return begin_change(db, *payment,
                      {operation, OperationKind::Void, payment->amount, payment->authorization.value_or("")});
}

SqlResult<Engine::Prepared> Engine::prepare(SqlSession& db, const RefundPayment& form,
                                            const std::optional<Payment>& payment, OperationId operation) const {
  if (!allows(payment->status, PaymentAction::Refund)) return Refusal::InvalidPaymentState;
  // Under the payment's lock, so that no other refund can be reserved meanwhile.
  auto row = db.query_one(sql_.reserved, payment->id.to_string());
  if (!row) return pass(std::move(row.error()));
  const Currency currency = payment->amount.currency();
  const auto spent =
      Money::of(payment->refunded, currency)->plus(money_from((*row)->integer(0), std::string(currency.code())));
  const auto left = spent ? Money::of(payment->captured, currency)->minus(*spent) : std::nullopt;
  const auto amount = Money::of(form.amount, currency);
  if (!amount || !amount->payable() || !left || !left->minus(*amount)) return Refusal::InvalidPaymentState;

  Operation begun{operation, OperationKind::Refund, *amount, payment->authorization.value_or("")};
  if (auto noted = insert_operation(db, payment->id, begun); !noted) return pass(std::move(noted.error()));
  auto inserted = db.execute(sql_.insert_refund, fresh_id<RefundId>().to_string(), payment->id.to_string(),
                             operation.to_string(), amount->minor(), form.reason);
  if (!inserted) return pass(std::move(inserted.error()));
  return begun;
}

}  // namespace sallyport::payments::sql
