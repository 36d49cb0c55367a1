#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <variant>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/payments/repository.hpp"

namespace sallyport::log {
class Logger;
}

namespace sallyport::payments {

struct PaymentOptions {
  std::chrono::milliseconds processor_timeout{10000};  ///< of one request's call, its retries included; < kLease
  std::chrono::milliseconds settle_timeout{2000};      ///< of step 3, whatever is left of the request's own deadline
  std::chrono::milliseconds poll{50};                  ///< how often a request that waits for another one looks
  /// An operation of which the processor knows nothing by this age has not happened: it was never sent. Longer than
  /// kLease, so that a request that is still under way cannot make it happen afterwards.
  std::chrono::seconds not_known_after{120};
};

struct Page {
  std::vector<Payment> payments;
  bool more = false;  ///< there are older ones
};

/// The use cases of payments: what a controller calls, one function a route. It never holds a transaction open while
/// the processor works. One for each event loop; not thread-safe, but any number of calls may be under way.
///
/// Errors of all: Overloaded, ServiceUnavailable and CircuitOpen, all 503. A call that the client has left should be
/// carried on: its outcome is stored for the next one.
class PaymentService final {
 public:
  template <class T>
  using Task = runtime::Task<Result<T>>;
  using Outcome = std::variant<Answer, Refusal>;

  /// All outlive it.
  struct Parts {
    PaymentRepository& repository;
    PaymentProcessor& processor;
    const Clock& clock;
    log::Logger& logger;
  };

  explicit PaymentService(Parts parts, PaymentOptions options = {}) : parts_(parts), options_(options) {}

  /// 201, or 202.
  Task<Outcome> create(CreatePayment form, IdempotencyClaim claim, Deadline deadline);
  /// 200, or 202.
  Task<Outcome> capture(CapturePayment form, std::optional<IdempotencyClaim> claim, Deadline deadline);
  Task<Outcome> cancel(CancelPayment form, std::optional<IdempotencyClaim> claim, Deadline deadline);
  /// 201 with a refund, or 202.
  Task<Outcome> refund(RefundPayment form, IdempotencyClaim claim, Deadline deadline);

  Task<std::optional<Payment>> get(UserId user, PaymentId payment, Deadline deadline);
  /// At most query.limit, 1…100.
  Task<Page> list(PaymentQuery query, Deadline deadline);

 private:
  Task<Outcome> run(OperationRequest request, std::optional<IdempotencyClaim> claim, Deadline deadline);
  Task<Begun> begin(OperationRequest request, std::optional<IdempotencyClaim> claim, Deadline deadline);
  Task<Answer> carry_out(Operation operation, Deadline deadline);
  Task<Verdict> call(Operation operation, Deadline deadline);

  Parts parts_;
  PaymentOptions options_;
};

/// What one run of the reconciler did.
struct Reconciled {
  std::size_t asked = 0, settled = 0;
  bool more = false;  ///< the batch was full: run again
};

/// Settles what requests left open, by asking the processor for each operation. Any number may run at once.
class Reconciler final {
 public:
  explicit Reconciler(PaymentService::Parts parts, PaymentOptions options = {}) : parts_(parts), options_(options) {}
  /// One batch. A failure at one operation leaves it for a later run. Error: the database is away.
  runtime::Task<Result<Reconciled>> run_once(Deadline deadline);

 private:
  PaymentService::Parts parts_;
  PaymentOptions options_;
};

}  // namespace sallyport::payments
