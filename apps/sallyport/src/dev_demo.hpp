#pragma once

#include <expected>
#include <string>

#include "dev_home.hpp"
#include "sallyport/accounts/ids.hpp"
#include "sallyport/observability/log.hpp"

namespace sallyport::app {

/// Payments in the states that there are, for this user: made as a client would make them, by the rules and at the card
/// processor, but without HTTP. Those that the user has already, by their reference, are left as they are. Blocks for
/// some milliseconds. The error says what is the matter, without a secret.
std::expected<void, std::string> make_demo_payments(const DevHome& home, accounts::UserId user,
                                                    const std::string& processor_url, log::Logger& logger);

}  // namespace sallyport::app
