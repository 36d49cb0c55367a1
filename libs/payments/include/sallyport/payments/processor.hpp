#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "sallyport/core/deadline.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/payments/ids.hpp"
#include "sallyport/payments/money.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::payments {

struct Approved {
  std::string reference;  ///< the processor's name for what was done
  bool operator==(const Approved&) const = default;
};
struct Declined {
  std::string code;  ///< [a-z_]{1,64}, for example "card_declined"
  bool operator==(const Declined&) const = default;
};
using Verdict = std::variant<Approved, Declined>;

struct NotKnown {};      ///< the processor has never heard of the operation
struct StillRunning {};  ///< it has not decided yet
using Finding = std::variant<Approved, Declined, NotKnown, StillRunning>;

enum class CaptureMode : std::uint8_t { Later, AtOnce };

/// The card processor. Every operation has an id, which is its idempotency key there: the same operation asked for
/// twice happens once. Lives on one event loop.
///
/// Errors of all: with Retry::Safe the operation certainly did not happen (the processor was not reached, or refused to
/// look at it); otherwise the outcome is unknown, and find() tells it later. Cancellation leaves it unknown.
class PaymentProcessor {
 public:
  template <class T>
  using Task = runtime::Task<Result<T>>;

  virtual ~PaymentProcessor() = default;
  /// Set while it is known to be down: then nothing new should be begun. CircuitOpen.
  virtual std::optional<Error> closed() { return std::nullopt; }
  virtual Task<Verdict> authorize(OperationId operation, Money amount, CaptureMode capture, Deadline deadline) = 0;
  /// `authorization`: the reference that authorize() was approved with, as in the following.
  virtual Task<Verdict> capture(OperationId operation, std::string authorization, Money amount, Deadline deadline) = 0;
  virtual Task<Verdict> void_authorization(OperationId operation, std::string authorization, Deadline deadline) = 0;
  virtual Task<Verdict> refund(OperationId operation, std::string authorization, Money amount, Deadline deadline) = 0;
  /// What became of an operation. Changes nothing.
  virtual Task<Finding> find(OperationId operation, Deadline deadline) = 0;
};

}  // namespace sallyport::payments
