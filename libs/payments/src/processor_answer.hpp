#pragma once

#include <string>

#include "sallyport/payments/processor.hpp"

namespace sallyport::payments {

/// An answer that came whole.
struct ProcessorAnswer {
  int status = 0;
  std::string body;
};

/// What an answer says about the operation. An error says Retry::Safe where the processor refused to look at it; what
/// cannot be understood leaves the outcome unknown.
Result<Finding> read_answer(const ProcessorAnswer& answer, OperationId operation);

}  // namespace sallyport::payments
