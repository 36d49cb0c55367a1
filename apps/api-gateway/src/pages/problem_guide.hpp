#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "sallyport/core/error.hpp"

namespace sallyport::api_gateway {

/// How many codes there are: every value below this is one.
inline constexpr std::size_t kErrorCodes = static_cast<std::size_t>(ErrorCode::HttpVersionNotSupported) + 1;

/// What a person is told about a problem. Plain text without markup.
struct ProblemGuide {
  std::string_view meaning;  ///< when it is answered
  std::string_view advice;   ///< what a client should do
};

/// Every code has one. O(1).
const ProblemGuide& guide(ErrorCode code) noexcept;

/// The code of that name, such as "rate_limited"; nullopt: there is none.
std::optional<ErrorCode> find_error_code(std::string_view name) noexcept;

}  // namespace sallyport::api_gateway
