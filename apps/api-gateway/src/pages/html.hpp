#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/error.hpp"

namespace sallyport::api_gateway {

/// The list of all problems.
std::string problem_index_html();
/// What a code means, and what a client should do.
std::string problem_html(ErrorCode code);
/// The page on which the API reference of a document is drawn; `name` is one of openapi::document_names().
std::string reference_html(std::string_view name);

/// Where the library that draws the reference is served; it has the version in its name, so it may be kept for ever.
std::string_view redoc_path() noexcept;

}  // namespace sallyport::api_gateway
