#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/payments/ids.hpp"
#include "sallyport/payments/money.hpp"

namespace sallyport::payments {

/// UTC with microseconds, as stored: of the database's clock, the only one that several processes share.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

enum class PaymentStatus : std::uint8_t {
  Processing,  ///< the processor works on an authorization, a capture or a cancellation, or its outcome is unknown
  Authorized,
  Captured,
  PartiallyRefunded,
  Refunded,
  Canceled,
  Failed,
};
enum class RefundStatus : std::uint8_t { Processing, Succeeded, Failed };

/// What a user may ask of a payment.
enum class PaymentAction : std::uint8_t { Capture, Cancel, Refund };

/// What the card processor is asked for. Charge: authorize and capture in one.
enum class OperationKind : std::uint8_t { Authorize, Charge, Capture, Void, Refund };

std::string_view name_of(PaymentStatus status) noexcept;  ///< "processing", "partially_refunded", …
std::string_view name_of(RefundStatus status) noexcept;   ///< "processing", "succeeded", "failed"
std::string_view name_of(OperationKind kind) noexcept;    ///< "authorize", "charge", "capture", "void", "refund"
std::optional<PaymentStatus> parse_payment_status(std::string_view text) noexcept;
std::optional<RefundStatus> parse_refund_status(std::string_view text) noexcept;
std::optional<OperationKind> parse_operation_kind(std::string_view text) noexcept;

struct Payment {
  PaymentId id;
  UserId user;
  Money amount;
  PaymentStatus status = PaymentStatus::Processing;
  std::int64_t captured = 0;  ///< minor units, ≤ amount
  std::int64_t refunded = 0;  ///< minor units, ≤ captured
  std::optional<std::string> failure_code;
  std::optional<std::string> description;
  std::optional<std::string> reference;
  std::string metadata = "{}";  ///< a JSON object of strings
  Timestamp created_at;
  Timestamp updated_at;
  std::optional<std::string> authorization;  ///< the processor's name for it; never shown
};

struct Refund {
  RefundId id;
  PaymentId payment;
  std::int64_t amount = 0;  ///< minor units of the payment's currency
  std::optional<std::string> reason;
  RefundStatus status = RefundStatus::Processing;
  Timestamp created_at;
};

/// The state machine: false is 409 invalid_payment_state. Capture and Cancel: authorized. Refund: captured,
/// partially_refunded. One capture ends an authorization, whatever part of it was taken.
bool allows(PaymentStatus status, PaymentAction action) noexcept;

/// Where a payment stands when an operation on it has ended.
struct Standing {
  PaymentStatus status;
  std::int64_t captured = 0;
  std::int64_t refunded = 0;
  bool operator==(const Standing&) const noexcept = default;
};
enum class Ending : std::uint8_t { Approved, Declined };
/// A declined capture or void leaves the authorization as it was, a declined refund changes nothing. nullopt: the sums
/// would leave 0 ≤ refunded ≤ captured ≤ amount, which only a bug can ask for.
std::optional<Standing> after(const Payment& payment, OperationKind kind, std::int64_t amount, Ending ending) noexcept;

}  // namespace sallyport::payments
