#pragma once

#include <string>
#include <string_view>

#include "sallyport/validation/validation_error.hpp"

namespace sallyport::validation {

/// The `detail` of a problem document that lists errors.
inline constexpr std::string_view kInvalidDetail = "Some parts of the request are not valid; see errors.";

/// Appends `{"pointer":…,"code":…,"message":…}` to a list, behind a comma unless it is the first. Tokens in the pointer
/// are masked.
void append_error(std::string& list, std::string_view pointer, std::string_view code, std::string_view message);

/// The member `"errors":[…]` of a problem document with the code validation_failed.
std::string errors_member(std::string_view list);
std::string errors_member(const ValidationErrors& errors);

}  // namespace sallyport::validation
