#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sallyport/core/deadline.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/payments/idempotency.hpp"
#include "sallyport/payments/payment.hpp"
#include "sallyport/payments/processor.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::payments {

/// Texts are UTF-8 without NUL, of the lengths of the API.
struct CreatePayment {
  UserId user;
  Money amount;  ///< payable()
  CaptureMode capture = CaptureMode::AtOnce;
  std::optional<std::string> description = {};
  std::optional<std::string> reference = {};
  std::vector<std::pair<std::string, std::string>> metadata = {};
};
struct CapturePayment {
  UserId user;
  PaymentId payment;
  std::optional<std::int64_t> amount = {};  ///< minor units; without: the whole authorization
};
struct CancelPayment {
  UserId user;
  PaymentId payment;
};
struct RefundPayment {
  UserId user;
  PaymentId payment;
  std::int64_t amount = 0;
  std::optional<std::string> reason = {};
};
using OperationRequest = std::variant<CreatePayment, CapturePayment, CancelPayment, RefundPayment>;

enum class Refusal : std::uint8_t {
  NotFound,              ///< 404: the user has no such payment
  InvalidPaymentState,   ///< 409: the state machine forbids it, or there is not so much left
  RequestInProgress,     ///< 409: the first request with this key is under way
  IdempotencyKeyReused,  ///< 422
  ProcessorClosed,       ///< 503: nothing new is begun now
};
ErrorCode code_of(Refusal refusal) noexcept;

/// An answer as it is stored for its key.
struct Answer {
  int status = 200;  ///< 200, 201, or 202 while the outcome is unknown
  std::string body;  ///< JSON: a payment, or a refund
  bool operator==(const Answer&) const = default;
};

/// An operation that has reserved its amount; nobody has asked the processor yet.
struct Operation {
  OperationId id;
  OperationKind kind;
  Money amount;
  std::string authorization;  ///< empty for Authorize and Charge
};

/// An operation that somebody began and did not settle. The processor may know of it: ask, never repeat.
struct OpenOperation {
  OperationId id;
  std::chrono::microseconds age;
};

using Begun = std::variant<Operation, OpenOperation, Answer, Refusal>;

enum class NewWork : std::uint8_t { Allowed, Refused };

/// Newest first.
struct PaymentQuery {
  UserId user;
  std::optional<PaymentStatus> status = {};
  std::optional<std::pair<Timestamp, PaymentId>> after = {};  ///< the last one of the page before
  int limit = 50;                                             ///< 1…101
};

/// Payments, their operations, their ledger and their idempotency keys, kept in a database. Every function is one
/// transaction. May be called from any event loop.
///
/// Errors of all: Overloaded (no connection in time), ServiceUnavailable (database away, or the deadline came), where
/// begin() and settle() may still have happened: what they left open the reconciler finds. Cancellation leaves the
/// same.
class PaymentRepository {
 public:
  template <class T>
  using Task = runtime::Task<Result<T>>;

  virtual ~PaymentRepository() = default;

  /// Step 1: locks the payment, claims the key for kLease, and inserts an operation that reserves its amount.
  ///   Operation      ask the processor, then settle() or postpone()
  ///   OpenOperation  the key's first request died: ask what became of it
  ///   Answer         the key's stored answer
  ///   Refusal        nothing was changed, and the key is free again
  virtual Task<Begun> begin(OperationRequest request, std::optional<IdempotencyClaim> claim, NewWork new_work,
                            Deadline deadline) = 0;
  /// Step 3: the outcome is known. Changes the payment, writes the ledger, stores the answer. An operation that was
  /// settled already stays as it is, and its own answer comes back.
  virtual Task<Answer> settle(OperationId operation, Verdict verdict, Deadline deadline) = 0;
  /// Step 3 without an outcome: stores a 202; the reconciler goes on, ever less often.
  virtual Task<Answer> postpone(OperationId operation, Deadline deadline) = 0;

  /// nullopt: the user has no such payment.
  virtual Task<std::optional<Payment>> find(UserId user, PaymentId payment, Deadline deadline) = 0;
  virtual Task<std::vector<Payment>> list(PaymentQuery query, Deadline deadline) = 0;

  /// Operations to ask the processor about, the longest due first; no other process gets them for the next `quiet`.
  virtual Task<std::vector<OpenOperation>> take_due(int limit, std::chrono::seconds quiet, Deadline deadline) = 0;
  /// Removes up to 1000 idempotency keys that are over; how many.
  virtual Task<std::size_t> clean(Deadline deadline) = 0;
};

}  // namespace sallyport::payments
