#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sallyport/payments/payment.hpp"

namespace sallyport::payments {

/// As clients see them, without a line end. Stored answers have the same form.
std::string to_json(const Payment& payment);
std::string to_json(const Refund& refund);

/// One flat object of strings.
std::string object_of(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace sallyport::payments
