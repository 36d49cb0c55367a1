#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sallyport/observability/log.hpp"
#include "sallyport/payments/repository.hpp"
#include "sallyport/storage/sql/session.hpp"
#include "sallyport/storage/sql/transaction.hpp"

namespace sallyport::payments::sql {

using storage::in_transaction;
using storage::pass;
using storage::SqlErrorKind;
using storage::SqlResult;
using storage::SqlRow;
using storage::SqlSession;
using storage::Then;

/// The statements, written out for one engine.
struct Statements {
  explicit Statements(storage::SqlDialect dialect);
  std::string insert_payment, lock_own, lock, begin_change, change, find, list, list_of_status;
  std::string insert_operation, operation, payment_of, end_operation, defer_operation, reserved, take_due;
  std::string insert_refund, refund_of, end_refund, insert_event;
  std::string claim, read_claim, renew_lease, replace_claim, stored_answer, store_answer, clean;
};

/// All the work that runs on the pool's threads, with what it needs. Thread-safe; each call has a session of its own.
///
/// Locks are taken in one order: the payment, then its operation, its refund, its key. Only a new payment's key comes
/// before it, when nobody else can know the payment.
class Engine final {
 public:
  Engine(storage::SqlDialect dialect, const Clock& clock, Random& random, log::Logger& logger)
      : clock_(clock), random_(random), logger_(logger), sql_(dialect) {}

  SqlResult<Begun> begin(SqlSession& db, const OperationRequest& request, const std::optional<IdempotencyClaim>& claim,
                         NewWork new_work) const;
  SqlResult<Answer> settle(SqlSession& db, OperationId operation, const Verdict& verdict) const;
  SqlResult<Answer> postpone(SqlSession& db, OperationId operation) const;
  SqlResult<std::optional<Payment>> find(SqlSession& db, UserId user, PaymentId payment) const;
  SqlResult<std::vector<Payment>> list(SqlSession& db, const PaymentQuery& query) const;
  SqlResult<std::vector<OpenOperation>> take_due(SqlSession& db, int limit, std::chrono::seconds quiet) const;
  SqlResult<std::size_t> clean(SqlSession& db) const;

 private:
  using Prepared = std::variant<Operation, Refusal>;
  struct Stored {  ///< an operation and its payment, which is locked
    Payment payment;
    OperationKind kind;
    std::int64_t amount = 0;
    bool pending = false;
    bool failed = false;
    std::int64_t checks = 0;
  };

  template <class IdType>
  IdType fresh_id() const {
    return IdType::make(clock_.wall_now(), random_);
  }

  /// nullopt: the key is claimed, or there is none, and the operation may be begun under that id.
  SqlResult<std::optional<Begun>> claim(SqlSession& db, UserId user, const std::optional<IdempotencyClaim>& claim,
                                        OperationId operation) const;
  SqlResult<std::optional<Begun>> judge_claim(SqlSession& db, const SqlRow& row, const std::string& user,
                                              const IdempotencyClaim& claim, OperationId operation) const;
  SqlResult<Prepared> prepare(SqlSession& db, const CreatePayment& form, const std::optional<Payment>&,
                              OperationId operation) const;
  SqlResult<Prepared> prepare(SqlSession& db, const CapturePayment& form, const std::optional<Payment>& payment,
                              OperationId operation) const;
  SqlResult<Prepared> prepare(SqlSession& db, const CancelPayment& form, const std::optional<Payment>& payment,
                              OperationId operation) const;
  SqlResult<Prepared> prepare(SqlSession& db, const RefundPayment& form, const std::optional<Payment>& payment,
                              OperationId operation) const;
  /// Marks an authorization as being worked on.
  SqlResult<Prepared> begin_change(SqlSession& db, const Payment& payment, const Operation& operation) const;
  SqlResult<> insert_operation(SqlSession& db, PaymentId payment, const Operation& operation) const;

  /// Locks the operation's payment.
  SqlResult<Stored> lock(SqlSession& db, OperationId operation) const;
  SqlResult<Payment> apply(SqlSession& db, const Stored& stored, OperationId operation, const Verdict& verdict) const;
  SqlResult<> record(SqlSession& db, const Stored& stored, OperationId operation, const Verdict& verdict) const;
  SqlResult<> record_event(SqlSession& db, PaymentId payment, OperationId operation, std::string_view type,
                           std::int64_t amount) const;
  SqlResult<Answer> answer_of(SqlSession& db, const Payment& payment, OperationKind kind, OperationId operation) const;
  SqlResult<Answer> store(SqlSession& db, OperationId operation, Answer answer) const;

  const Clock& clock_;
  Random& random_;
  log::Logger& logger_;
  Statements sql_;
};

}  // namespace sallyport::payments::sql
