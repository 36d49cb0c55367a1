#pragma once

#include <optional>
#include <string_view>

#include "sallyport/accounts/user.hpp"

namespace sallyport::admin_service {

/// A point in time (RFC 3339 section 5.6) with any offset; what is finer than a microsecond is cut off, a leap second
/// counts as the one after it, and what is before 1970 as its beginning. nullopt: not such a text.
std::optional<accounts::Timestamp> parse_time(std::string_view text);

}  // namespace sallyport::admin_service
