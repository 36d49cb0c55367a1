#include "media_type.hpp"

#include <algorithm>
#include <utility>

#include "sallyport/core/ascii.hpp"

namespace sallyport::validation {

namespace {

bool is_token(std::string_view text) noexcept {
  static constexpr std::string_view kMore = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kMore.contains(c);
  });
}

/// Takes the value of a parameter off the front of `rest`: a token or a quoted string. nullopt when it is neither.
std::optional<std::string> take_value(std::string_view& rest) {
  std::string value;
  if (!rest.starts_with('"')) {
    const auto end = std::min(rest.find(';'), rest.size());
    value = trim_ows(rest.substr(0, end));
    rest.remove_prefix(end);
    return is_token(value) ? std::optional(value) : std::nullopt;
  }
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (rest[i] == '\\') ++i;
    if (i < rest.size()) value.push_back(rest[i]);
  }
  if (i >= rest.size()) return std::nullopt;
  rest = trim_ows(rest.substr(i + 1));
  return rest.empty() || rest.front() == ';' ? std::optional(value) : std::nullopt;
}

}  // namespace

std::optional<MediaType> parse_media_type(std::string_view text) {
  const auto end = std::min(text.find(';'), text.size());
  const std::string_view essence = trim_ows(text.substr(0, end));
  const auto slash = essence.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  if (!is_token(essence.substr(0, slash)) || !is_token(essence.substr(slash + 1))) return std::nullopt;
  MediaType type{to_lower(essence.substr(0, slash)), to_lower(essence.substr(slash + 1)), {}};
  std::string_view rest = text.substr(end);
  bool has_charset = false;
  while (!rest.empty()) {
    rest = trim_ows(rest.substr(1));  // the ';'
    if (rest.empty() || rest.front() == ';') continue;
    const auto equals = rest.find('=');
    if (equals == std::string_view::npos || !is_token(rest.substr(0, equals))) return std::nullopt;
    const std::string name = to_lower(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    auto value = take_value(rest);
    if (!value) return std::nullopt;
    if (name != "charset") continue;
    if (std::exchange(has_charset, true)) return std::nullopt;
    type.charset = to_lower(*value);
  }
  return type;
}

int match_media_type(const MediaType& range, const MediaType& type) noexcept {
  if (range.type == "*" && range.subtype == "*") return 1;
  if (range.type != type.type) return 0;
  if (range.subtype == "*") return 2;
  return range.subtype == type.subtype ? 3 : 0;
}

}  // namespace sallyport::validation
