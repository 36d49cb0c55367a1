#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sallyport::log {

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What kind of value a name announces.
enum class SecretName : std::uint8_t {
  None,
  Token,     ///< one word, which in prose may be an ordinary one ("token: expired")
  Password,  ///< one word
  Key,       ///< one word
  Line,      ///< the rest of the line, as in a header field
};
SecretName classify_name(std::string_view name) noexcept;

/// Appends the places of everything that looks like a secret. Linear in the text: a rule either ends at a match, and
/// the scan goes on behind it, or remembers how far it has looked in vain.
void find_secret_shapes(std::string_view text, std::vector<Span>& found);

}  // namespace sallyport::log
