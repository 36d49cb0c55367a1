#include "sallyport/net/http/canonical_path.hpp"

#include "http/chars.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/core/assert.hpp"

namespace sallyport::net::http {
namespace {

using detail::is;

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

/// Whether the path is its own canonical form: no character that needs a second look, no segment that is empty, or is,
/// or could be, a dot segment. (A segment that begins with '.' takes the slow way, which knows.)
bool is_canonical(std::string_view raw) noexcept {
  char before = 'x';
  for (const char c : raw) {
    if (!is(c, detail::kPathPlain)) {
      const bool plain_here = (c == '/' || c == '.') && before != '/';
      if (!plain_here) return false;
    }
    before = c;
  }
  return true;
}

/// Whether two encoded bytes in a row begin an encoding that is longer than its character needs (RFC 3629 3): %C0%AF
/// would be
/// '/' to a lenient decoder.
bool begins_overlong(int first, int second) noexcept {
  return first == 0xc0 || first == 0xc1 || (first == 0xe0 && second >= 0x80 && second < 0xa0) ||
         (first == 0xf0 && second >= 0x80 && second < 0x90);
}

int encoded_byte(std::string_view raw, std::size_t at) noexcept {
  if (raw.size() < at + 3 || raw[at] != '%') return -1;
  const int high = detail::hex_value(raw[at + 1]);
  const int low = detail::hex_value(raw[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void append_encoded(std::string& out, unsigned char byte) {
  out += '%';
  out += kHexDigits[byte >> 4U];
  out += kHexDigits[byte & 0xfU];
}

/// Appends what raw[at] stands for in its canonical spelling; `at` moves on to the next character.
std::expected<void, PathError> append_character(std::string_view raw, std::size_t& at, std::string& out) {
  const char c = raw[at];
  if (is(c, detail::kPathPlain) || c == '.') {
    out += c;
    ++at;
    return {};
  }
  if (c != '%') {
    if (is(c, detail::kControl)) return std::unexpected(PathError::Control);
    if (c == '\\' || c == '?' || c == '#' || static_cast<unsigned char>(c) >= 0x80) {
      return std::unexpected(PathError::BadCharacter);
    }
    append_encoded(out, static_cast<unsigned char>(c));
    ++at;
    return {};
  }
  const int value = encoded_byte(raw, at);
  if (value < 0) return std::unexpected(PathError::BadEncoding);
  const auto byte = static_cast<unsigned char>(value);
  if (byte == '.' || byte == '/' || byte == '\\') return std::unexpected(PathError::EncodedSpecial);
  if (is(static_cast<char>(byte), detail::kControl)) return std::unexpected(PathError::Control);
  if (begins_overlong(value, encoded_byte(raw, at + 3))) return std::unexpected(PathError::OverlongUtf8);
  if (is(static_cast<char>(byte), detail::kUnreserved)) {
    out += static_cast<char>(byte);
  } else {
    append_encoded(out, byte);
  }
  at += 3;
  return {};
}

/// Takes the segment off the end when it is "." or "..", and for ".." the one before it too. `out` ends in '/' then.
void resolve_last_segment(std::string& out) {
  const std::size_t begin = out.rfind('/') + 1;
  const std::string_view segment = std::string_view(out).substr(begin);
  if (segment == ".") {
    out.resize(begin);
  } else if (segment == "..") {
    const std::size_t above = begin == 1 ? 1 : out.rfind('/', begin - 2) + 1;
    out.resize(above);
  }
}

}  // namespace

std::string_view to_string(PathError error) noexcept {
  switch (error) {
    case PathError::NotAbsolute:
      return "path_not_absolute";
    case PathError::BadEncoding:
      return "path_bad_encoding";
    case PathError::EncodedSpecial:
      return "path_encoded_special";
    case PathError::Control:
      return "path_control";
    case PathError::BadCharacter:
      return "path_bad_character";
    case PathError::OverlongUtf8:
      return "path_overlong_utf8";
  }
  SALLYPORT_ASSERT(false);
}

std::expected<std::string_view, PathError> canonical_path(std::string_view raw, std::string& scratch) {
  if (raw.empty() || raw.front() != '/') return std::unexpected(PathError::NotAbsolute);
  if (is_canonical(raw)) return raw;
  scratch.clear();
  scratch.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size();) {
    if (raw[at] == '/') {
      if (!scratch.empty()) resolve_last_segment(scratch);
      if (scratch.empty() || scratch.back() != '/') scratch += '/';
      ++at;
      continue;
    }
    const std::expected<void, PathError> appended = append_character(raw, at, scratch);
    if (!appended) return std::unexpected(appended.error());
  }
  resolve_last_segment(scratch);
  return std::string_view(scratch);
}

std::string_view match_key(std::string_view canonical, std::string& scratch) {
  if (canonical.size() > 1 && canonical.back() == '/') canonical.remove_suffix(1);
  for (const char c : canonical) {
    if (c < 'A' || c > 'Z') continue;
    scratch = to_lower(canonical);
    return scratch;
  }
  return canonical;
}

}  // namespace sallyport::net::http
