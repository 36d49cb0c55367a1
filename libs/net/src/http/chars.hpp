#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

/// Character classes of RFC 9110 5.6 and RFC 3986, one table lookup a byte.
namespace sallyport::net::http::detail {

inline constexpr std::uint8_t kToken = 1;       ///< tchar
inline constexpr std::uint8_t kTarget = 2;      ///< may stand in a request target and needs no second look
inline constexpr std::uint8_t kUnreserved = 4;  ///< RFC 3986 2.3
inline constexpr std::uint8_t kPathPlain = 8;   ///< pchar, and needs no second look when a path is made canonical
inline constexpr std::uint8_t kHostName = 16;   ///< a registered name's character
inline constexpr std::uint8_t kDigit = 32;
inline constexpr std::uint8_t kControl = 64;     ///< control characters, TAB included
inline constexpr std::uint8_t kPlainName = 128;  ///< tchar without '_'

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view characters, std::uint8_t flags) {
    for (const char c : characters) table[static_cast<unsigned char>(c)] |= flags;
  };
  add("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
      kToken | kPlainName | kUnreserved | kPathPlain | kHostName);
  add("0123456789", kToken | kPlainName | kUnreserved | kPathPlain | kHostName | kDigit);
  add("!#$%&'*+-.^_`|~", kToken);
  add("!#$%&'*+-.^`|~", kPlainName);
  add("-._~", kUnreserved);
  add("-_.", kHostName);
  add("-_~!$&'()*+,;=:@", kPathPlain);  // not '.', '/' and '%': they may change the path's meaning
  for (unsigned c = 0; c < 0x20; ++c) table[c] |= kControl;
  table[0x7f] |= kControl;
  for (unsigned c = 0x21; c < 0x7f; ++c) table[c] |= kTarget;
  for (const char c : std::string_view("#\\%?"))
    table[static_cast<unsigned char>(c)] &= static_cast<std::uint8_t>(~kTarget);
  return table;
}

inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

constexpr bool is(char c, std::uint8_t flags) noexcept {
  return (kClasses[static_cast<unsigned char>(c)] & flags) != 0;
}

constexpr bool is_token(std::string_view text) noexcept {
  for (const char c : text) {
    if (!is(c, kToken)) return false;
  }
  return !text.empty();
}

/// The digit's value, or -1.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// A character that may stand in a field value: VCHAR, SP, TAB, obs-text (RFC 9110 5.5).
constexpr bool is_field_value(char c) noexcept {
  return !is(c, kControl) || c == '\t';
}

/// Whether one of eight characters is below SP or DEL.
inline bool has_suspicious(const char* at) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  std::uint64_t word = 0;
  std::memcpy(&word, at, 8);
  const std::uint64_t del = word ^ (kOnes * 0x7f);
  const std::uint64_t below_space = (word - kOnes * 0x20) & ~word;
  const std::uint64_t is_del = (del - kOnes) & ~del;
  return ((below_space | is_del) & kHighs) != 0;
}

inline bool all_field_value(const char* at, const char* end) noexcept {
  while (at != end && is_field_value(*at)) ++at;
  return at == end;
}

/// is_field_value for all of a text, eight bytes at a time until something is suspicious, which may still be a TAB.
inline bool is_field_value(std::string_view text) noexcept {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (text.size() < 8) return all_field_value(at, end);
  for (; end - at >= 8; at += 8) {
    if (has_suspicious(at)) return all_field_value(at, end);
  }
  return !has_suspicious(end - 8) || all_field_value(at, end);
}

}  // namespace sallyport::net::http::detail
