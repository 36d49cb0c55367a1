#pragma once

#include <chrono>
#include <string>

#include "sallyport/payments/payment.hpp"
#include "sallyport/storage/sql/row.hpp"

namespace sallyport::payments::sql {

// Reading a row that another program wrote: whatever does not fit is an SqlRowError, which ends as a 500.

template <class IdType>
IdType id_from(const std::string& text) {
  const auto id = IdType::parse(text);
  if (!id) throw storage::SqlRowError("a stored id is not a UUID");
  return *id;
}

inline Timestamp time_from(std::int64_t microseconds) noexcept {
  return Timestamp(std::chrono::microseconds(microseconds));
}

inline Money money_from(std::int64_t minor, const std::string& currency) {
  const auto known = Currency::parse(currency);
  const auto money = known ? Money::of(minor, *known) : std::nullopt;
  if (!money) throw storage::SqlRowError("a stored amount is none");
  return *money;
}

/// The columns of payment_from, in its order.
#define SALLYPORT_PAYMENT_COLUMNS                                                                                   \
  "id, user_id, amount, currency, status, captured_amount, refunded_amount, failure_code, description, reference, " \
  "metadata, created_at, updated_at, authorization_reference"

inline Payment payment_from(const storage::SqlRow& row) {
  const auto status = parse_payment_status(row.text(4));
  if (!status) throw storage::SqlRowError("a stored payment has an unknown status");
  return Payment{id_from<PaymentId>(row.text(0)),
                 id_from<UserId>(row.text(1)),
                 money_from(row.integer(2), row.text(3)),
                 *status,
                 row.integer(5),
                 row.integer(6),
                 row.maybe_text(7),
                 row.maybe_text(8),
                 row.maybe_text(9),
                 row.text(10),
                 time_from(row.integer(11)),
                 time_from(row.integer(12)),
                 row.maybe_text(13)};
}

/// The columns of refund_from, in its order.
#define SALLYPORT_REFUND_COLUMNS "id, payment_id, amount, reason, status, created_at"

inline Refund refund_from(const storage::SqlRow& row) {
  const auto status = parse_refund_status(row.text(4));
  if (!status) throw storage::SqlRowError("a stored refund has an unknown status");
  return Refund{
      id_from<RefundId>(row.text(0)), id_from<PaymentId>(row.text(1)), row.integer(2), row.maybe_text(3), *status,
      time_from(row.integer(5))};
}

}  // namespace sallyport::payments::sql
