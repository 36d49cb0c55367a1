#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::secrets {

inline constexpr std::size_t kKeyBytesMin = 32;

/// Whether the whole text is one that people leave in place: "changeme", "your-256-bit-secret", "Password" and their
/// like, in any case and whatever signs stand between the letters.
bool is_placeholder(std::string_view text);

/// The rule that a secret text breaks, nullopt when none: it is a placeholder or contains one, it is one piece
/// repeated, or a run such as 0123456789…. Linear in the text.
std::optional<std::string> predictable_text(std::string_view text);

/// The same for raw key material, which also needs 32 bytes, and eight that differ.
std::optional<std::string> weak_key_material(std::string_view bytes);

}  // namespace sallyport::secrets
