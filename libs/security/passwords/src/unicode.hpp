#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/secret.hpp"

namespace sallyport::passwords {

/// Normalization form C (Unicode annex 15); nullopt when the text is not well-formed UTF-8. Leaves no copy behind.
std::optional<Secret<std::string>> to_nfc(std::string_view text);

/// What a person would call the same word: NFKC with case folded and invisible characters left out (NFKC_Casefold,
/// Unicode section 3.13). For comparing only.
std::optional<Secret<std::string>> to_folded(std::string_view text);

}  // namespace sallyport::passwords
