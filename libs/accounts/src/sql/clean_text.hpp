#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/observability/redactor.hpp"

namespace sallyport::accounts::sql {

/// What a client wrote about itself, made fit for a text column and for a person's terminal: printable ASCII,
/// everything else a '?', tokens masked, at most bytes_max. Empty becomes nullopt. A database refuses bytes that are no
/// UTF-8; a header may hold any.
inline std::optional<std::string> clean_text(std::string_view text, std::size_t bytes_max) {
  if (text.empty()) return std::nullopt;
  std::string out = log::Redactor().redact(text);  // before it is cut: a cut token would no longer look like one
  out.resize(std::min(out.size(), bytes_max));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

}  // namespace sallyport::accounts::sql
