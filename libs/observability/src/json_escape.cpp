#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "sallyport/observability/log.hpp"

namespace sallyport::log {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101U;
constexpr std::uint64_t kHighs = 0x8080808080808080U;

constexpr bool plain(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/// Length of the run at the front that needs no escape. Eight bytes a step: nearly every string is one such run.
std::size_t plain_run(std::string_view text) {
  std::size_t i = 0;
  while (i + 8 <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, sizeof word);
    // The borrow trick reports a byte wrongly only behind a true hit, and then the byte loop below decides anyway.
    const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x & kHighs; };
    const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
    const std::uint64_t hit = (word & kHighs) | control | has_zero(word ^ (kOnes * '"')) |
                              has_zero(word ^ (kOnes * '\\')) | has_zero(word ^ (kOnes * 0x7f));
    if (hit != 0) break;
    i += 8;
  }
  while (i < text.size() && plain(static_cast<unsigned char>(text[i]))) ++i;
  return i;
}

/// Bytes of the well-formed UTF-8 sequence at the front (RFC 3629: no surrogates, no overlong forms), or 0.
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0U) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0xc2 || lead > 0xf4 || !continues(1)) return 0;
  if (lead < 0xe0) return 2;
  const unsigned second = byte(1);
  if (lead < 0xf0) {
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return 0;
    return continues(2) ? 3 : 0;
  }
  if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return 0;
  return continues(2) && continues(3) ? 4 : 0;
}

void append_unicode_escape(std::string& out, unsigned code) {
  constexpr char kDigits[] = "0123456789abcdef";
  const char escape[] = {'\\', 'u', '0', '0', kDigits[code >> 4U & 0x0fU], kDigits[code & 0x0fU]};
  out.append(escape, sizeof escape);
}

void append_ascii(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      append_unicode_escape(out, static_cast<unsigned char>(c));
  }
}

}  // namespace

void append_json_escaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t run = plain_run(text);
    out.append(text.data(), run);
    text.remove_prefix(run);
    if (text.empty()) return;
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) {
      append_ascii(out, text.front());
      text.remove_prefix(1);
      continue;
    }
    const std::size_t length = sequence_length(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
    } else if (length == 2 && lead == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {
      // C1 controls: valid JSON as they are, but a terminal that shows the log may obey them.
      append_unicode_escape(out, static_cast<unsigned char>(text[1]));
      text.remove_prefix(2);
    } else {
      out.append(text.data(), length);
      text.remove_prefix(length);
    }
  }
}

}  // namespace sallyport::log
