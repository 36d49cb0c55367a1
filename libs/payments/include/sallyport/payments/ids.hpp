#pragma once

#include "sallyport/core/id.hpp"

namespace sallyport::payments {

using UserId = Id<struct UserTag>;
using PaymentId = Id<struct PaymentTag>;
using RefundId = Id<struct RefundTag>;
using OperationId = Id<struct OperationTag>;
using EventId = Id<struct EventTag>;

}  // namespace sallyport::payments
