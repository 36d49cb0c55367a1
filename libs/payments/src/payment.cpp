#include "sallyport/payments/payment.hpp"

#include <array>

#include "sallyport/payments/repository.hpp"

namespace sallyport::payments {
namespace {

/// The names of an enumeration, in the order of its enumerators.
template <class Enum, std::size_t N>
struct Names {
  std::array<std::string_view, N> list;

  constexpr std::string_view of(Enum value) const noexcept { return list[static_cast<std::size_t>(value)]; }
  constexpr std::optional<Enum> parse(std::string_view text) const noexcept {
    for (std::size_t i = 0; i < N; ++i) {
      if (list[i] == text) return static_cast<Enum>(i);
    }
    return std::nullopt;
  }
};

constexpr Names<PaymentStatus, 7> kStatuses{
    {"processing", "authorized", "captured", "partially_refunded", "refunded", "canceled", "failed"}};
static_assert(kStatuses.list.size() == static_cast<std::size_t>(PaymentStatus::Failed) + 1);
constexpr Names<RefundStatus, 3> kRefundStatuses{{"processing", "succeeded", "failed"}};
static_assert(kRefundStatuses.list.size() == static_cast<std::size_t>(RefundStatus::Failed) + 1);
constexpr Names<OperationKind, 5> kKinds{{"authorize", "charge", "capture", "void", "refund"}};
static_assert(kKinds.list.size() == static_cast<std::size_t>(OperationKind::Refund) + 1);

}  // namespace

std::string_view name_of(PaymentStatus status) noexcept {
  return kStatuses.of(status);
}
std::string_view name_of(RefundStatus status) noexcept {
  return kRefundStatuses.of(status);
}
std::string_view name_of(OperationKind kind) noexcept {
  return kKinds.of(kind);
}
std::optional<PaymentStatus> parse_payment_status(std::string_view text) noexcept {
  return kStatuses.parse(text);
}
std::optional<RefundStatus> parse_refund_status(std::string_view text) noexcept {
  return kRefundStatuses.parse(text);
}
std::optional<OperationKind> parse_operation_kind(std::string_view text) noexcept {
  return kKinds.parse(text);
}

ErrorCode code_of(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::NotFound:
      return ErrorCode::NotFound;
    case Refusal::InvalidPaymentState:
      return ErrorCode::InvalidPaymentState;
    case Refusal::RequestInProgress:
      return ErrorCode::RequestInProgress;
    case Refusal::IdempotencyKeyReused:
      return ErrorCode::IdempotencyKeyReused;
    case Refusal::ProcessorClosed:
      return ErrorCode::CircuitOpen;
  }
  return ErrorCode::InternalError;
}

bool allows(PaymentStatus status, PaymentAction action) noexcept {
  if (action == PaymentAction::Refund) {
    return status == PaymentStatus::Captured || status == PaymentStatus::PartiallyRefunded;
  }
  return status == PaymentStatus::Authorized;
}

std::optional<Standing> after(const Payment& payment, OperationKind kind, std::int64_t amount, Ending ending) noexcept {
  Standing next{payment.status, payment.captured, payment.refunded};
  const bool approved = ending == Ending::Approved;
  switch (kind) {
    case OperationKind::Authorize:
      next.status = approved ? PaymentStatus::Authorized : PaymentStatus::Failed;
      break;
    case OperationKind::Charge:
      next.status = approved ? PaymentStatus::Captured : PaymentStatus::Failed;
      if (approved) next.captured = amount;
      break;
    case OperationKind::Capture:
      next.status = approved ? PaymentStatus::Captured : PaymentStatus::Authorized;
      if (approved) next.captured = amount;
      break;
    case OperationKind::Void:
      next.status = approved ? PaymentStatus::Canceled : PaymentStatus::Authorized;
      break;
    case OperationKind::Refund:
      if (!approved) break;
      if (__builtin_add_overflow(next.refunded, amount, &next.refunded)) return std::nullopt;
      next.status = next.refunded == next.captured ? PaymentStatus::Refunded : PaymentStatus::PartiallyRefunded;
      break;
  }
  if (amount < 0 || next.refunded > next.captured || next.captured > payment.amount.minor()) return std::nullopt;
  return next;
}

}  // namespace sallyport::payments
