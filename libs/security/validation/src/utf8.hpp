#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::validation {

/// Where the first byte stands that does not belong to valid UTF-8 (RFC 3629); nullopt when all do.
std::optional<std::size_t> find_invalid_utf8(std::string_view text) noexcept;

/// Unicode characters of a text that is valid UTF-8.
std::size_t count_characters(std::string_view text) noexcept;

/// Appends the UTF-8 form of a code point that is no surrogate.
void append_utf8(std::string& out, char32_t point);

}  // namespace sallyport::validation
