#pragma once

#include <expected>
#include <string>

#include "sallyport/core/secret.hpp"

namespace sallyport::app {

/// A password from standard input: one line, without its end. On a terminal it is asked for, twice and without echo.
/// The error is a sentence for the operator.
std::expected<Secret<std::string>, std::string> read_password();

}  // namespace sallyport::app
