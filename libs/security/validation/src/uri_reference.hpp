#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sallyport::validation {

struct SplitReference {
  std::string_view address;                  ///< without the fragment
  std::optional<std::string_view> fragment;  ///< without '#', still encoded
};
SplitReference split_fragment(std::string_view reference) noexcept;

/// What `reference` (without a fragment) means where `base` is the base URI (RFC 3986 section 5.2); base may be empty.
std::string resolve_reference(std::string_view base, std::string_view reference);

enum class Plus : bool { Kept, IsSpace };

/// Resolves %XX; nullopt when a '%' has no two hex digits behind it, or the result is not valid UTF-8.
std::optional<std::string> percent_decode(std::string_view text, Plus plus = Plus::Kept);

}  // namespace sallyport::validation
