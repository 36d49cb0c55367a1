#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace sallyport::tokens {

inline constexpr std::size_t kClaimBytesMax = 255;  ///< of a claim that is a string

inline bool is_visible_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

/// What a claim may be: neither empty nor long, and nothing that could end a line in a log or a key in a store.
inline bool is_claim_text(std::string_view text) noexcept {
  return !text.empty() && text.size() <= kClaimBytesMax && std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20U || byte == 0x7fU;
  });
}

}  // namespace sallyport::tokens
