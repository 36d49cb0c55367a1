#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/value.hpp>

#include "sallyport/payments/repository.hpp"

namespace sallyport::payments_service {

// Bodies that have passed the schema, as what the domain takes.

payments::CreatePayment new_payment(payments::UserId user, const boost::json::value& body);
payments::RefundPayment new_refund(payments::UserId user, payments::PaymentId payment, const boost::json::value& body);
/// nullopt: the whole; body may be null.
std::optional<std::int64_t> capture_amount(const boost::json::value& body);

/// Where a page of the list ended, as a cursor carries it: "microseconds:id".
std::string position_of(const payments::Payment& payment);
/// nullopt: not such a text, which a cursor of ours cannot hold.
std::optional<std::pair<payments::Timestamp, payments::PaymentId>> read_position(std::string_view text);

}  // namespace sallyport::payments_service
