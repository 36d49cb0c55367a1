#pragma once

#include "sallyport/payments/service.hpp"

namespace sallyport::payments {

/// Failure code of an operation that never reached the processor.
inline constexpr const char* kProcessorUnavailable = "processor_unavailable";

/// Asks the processor what became of an operation that was left open, and settles or postpones it. The answer is the
/// operation's: 202 while nothing is known.
runtime::Task<Result<Answer>> inquire(PaymentService::Parts parts, PaymentOptions options, OpenOperation operation,
                                      Deadline deadline);

}  // namespace sallyport::payments
