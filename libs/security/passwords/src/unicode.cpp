#include "unicode.hpp"

#include <algorithm>
#include <vector>

#include <utf8proc.h>

namespace sallyport::passwords {
namespace {

std::optional<Secret<std::string>> mapped(std::string_view text, int options) {
  const auto flags = static_cast<utf8proc_option_t>(options);
  const auto* const in = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto length = static_cast<utf8proc_ssize_t>(text.size());
  const utf8proc_ssize_t needed = utf8proc_decompose(in, length, nullptr, 0, flags);
  if (needed < 0) return std::nullopt;
  // utf8proc_map would do all of this in one call, and leave the password in freed memory.
  std::vector<utf8proc_int32_t> points(static_cast<std::size_t>(needed) + 1);
  utf8proc_ssize_t size = utf8proc_decompose(in, length, points.data(), needed, flags);
  if (size == needed) size = utf8proc_reencode(points.data(), size, flags);
  std::optional<Secret<std::string>> out;
  if (size >= 0) out.emplace(std::string(reinterpret_cast<const char*>(points.data()), static_cast<std::size_t>(size)));
  wipe(points.data(), points.size() * sizeof(points.front()));
  return out;
}

}  // namespace

std::optional<Secret<std::string>> to_nfc(std::string_view text) {
  return mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::optional<Secret<std::string>> to_folded(std::string_view text) {
  return mapped(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
}

}  // namespace sallyport::passwords
