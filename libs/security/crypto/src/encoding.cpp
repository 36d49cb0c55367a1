#include "sallyport/crypto/encoding.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sallyport::crypto {
namespace {

using Alphabet = std::array<char, 64>;
using Values = std::array<std::uint8_t, 256>;
constexpr std::uint8_t kInvalid = 0xff;

constexpr Alphabet make_alphabet(char last_but_one, char last) {
  Alphabet out{};
  std::size_t i = 0;
  for (char c = 'A'; c <= 'Z'; ++c) out[i++] = c;
  for (char c = 'a'; c <= 'z'; ++c) out[i++] = c;
  for (char c = '0'; c <= '9'; ++c) out[i++] = c;
  out[i++] = last_but_one;
  out[i] = last;
  return out;
}

constexpr Values make_values(const Alphabet& alphabet) {
  Values out{};
  out.fill(kInvalid);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    out[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return out;
}

constexpr Alphabet kUrlAlphabet = make_alphabet('-', '_');
constexpr Alphabet kStandardAlphabet = make_alphabet('+', '/');
constexpr Values kUrlValues = make_values(kUrlAlphabet);
constexpr Values kStandardValues = make_values(kStandardAlphabet);

std::string encode(ByteView bytes, const Alphabet& alphabet) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8U) | byte;
    count += 8;
    while (count >= 6) {
      count -= 6;
      out += alphabet[(bits >> count) & 63U];
    }
  }
  if (count > 0) out += alphabet[(bits << (6 - count)) & 63U];
  return out;
}

std::optional<std::string> decode(std::string_view text, const Values& values) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == kInvalid) return std::nullopt;
    bits = (bits << 6U) | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>((bits >> count) & 0xffU);
    }
  }
  // What is left over belongs to no byte; were it free, one value would have several spellings.
  if ((bits & ((1U << count) - 1U)) != 0) return std::nullopt;
  return out;
}

constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

std::string base64url_encode(ByteView bytes) {
  return encode(bytes, kUrlAlphabet);
}
std::optional<std::string> base64url_decode(std::string_view text) {
  return decode(text, kUrlValues);
}
std::string base64_encode(ByteView bytes) {
  return encode(bytes, kStandardAlphabet);
}
std::optional<std::string> base64_decode(std::string_view text) {
  return decode(text, kStandardValues);
}

std::string hex_encode(ByteView bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = hex_value(text[i]);
    const int low = hex_value(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

}  // namespace sallyport::crypto
