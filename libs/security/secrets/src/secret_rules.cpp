#include "sallyport/secrets/secret_rules.hpp"

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <vector>

#include "sallyport/core/ascii.hpp"

namespace sallyport::secrets {
namespace {

/// Refused as the whole text, whatever signs stand between their letters.
constexpr std::string_view kPlaceholders[] = {
    "changeit",    "changeme",
    "default",     "dummy",
    "example",     "foobar",
    "hmacsecret",  "insecure",
    "jwtsecret",   "key",
    "letmein",     "mysecret",
    "none",        "null",
    "pass",        "password",
    "passw0rd",    "pepper",
    "placeholder", "postgres",
    "redis",       "root",
    "sallyport",   "sample",
    "secret",      "secretkey",
    "supersecret", "test",
    "testsecret",  "todo",
    "token",       "undefined",
    "xxx",         "your256bitsecret",
    "yoursecret",  "yoursecretkey",
    "admin",
};

/// Refused wherever they stand. In 43 random characters of base64url one of them turns up less than once in ten
/// million.
constexpr std::string_view kPlaceholderWords[] = {
    "changeme", "change-me", "change_me", "password", "passw0rd", "placeholder", "example",  "insecure",
    "secret",   "default",   "testkey",   "test-key", "test_key", "01234567",    "abcdefgh",
};

constexpr std::size_t kDifferentMin = 8;  ///< characters or bytes; 32 random bytes practically never have fewer

std::string letters_and_digits(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const char lower = ascii_lower(c);
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) out += lower;
  }
  return out;
}

/// Whether the text is one piece, at most a quarter of it, over and over (the last time perhaps cut off). Of all
/// lengths of a piece only the shortest matters, which the failure function of Knuth, Morris and Pratt gives.
bool repeats_one_piece(std::string_view text) {
  if (text.size() < 4) return false;
  std::size_t border = 0;
  std::vector<std::size_t> borders(text.size(), 0);
  for (std::size_t i = 1; i < text.size(); ++i) {
    while (border > 0 && text[i] != text[border]) border = borders[border - 1];
    if (text[i] == text[border]) ++border;
    borders[i] = border;
  }
  return text.size() - borders.back() <= text.size() / 4;
}

std::size_t different_characters(std::string_view text) {
  std::bitset<256> seen;
  for (const char c : text) seen.set(static_cast<unsigned char>(c));
  return seen.count();
}

/// 0123456789…, or 00 01 02 …: every byte is the one before plus the same.
bool runs_in_even_steps(std::string_view text) {
  if (text.size() < 3) return false;
  const auto step = [&](std::size_t i) { return static_cast<unsigned char>(text[i] - text[i - 1]); };
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (step(i) != step(1)) return false;
  }
  return true;
}

std::optional<std::string> follows_a_pattern(std::string_view text) {
  const std::string lower = to_lower(text);
  for (const std::string_view word : kPlaceholderWords) {
    if (lower.find(word) != std::string::npos) return "contains a known placeholder";
  }
  if (repeats_one_piece(text)) return "repeats one piece";
  if (runs_in_even_steps(text)) return "is a run of consecutive characters";
  return std::nullopt;
}

}  // namespace

bool is_placeholder(std::string_view text) {
  return std::ranges::find(kPlaceholders, letters_and_digits(text)) != std::end(kPlaceholders);
}

std::optional<std::string> predictable_text(std::string_view text) {
  if (is_placeholder(text)) return "is a known placeholder";
  return follows_a_pattern(text);
}

std::optional<std::string> weak_key_material(std::string_view bytes) {
  if (bytes.size() < kKeyBytesMin)
    return "has " + std::to_string(bytes.size()) + " bytes of key material; it needs at least " +
           std::to_string(kKeyBytesMin);
  if (different_characters(bytes) < kDifferentMin) return "has too few different bytes to be random";
  return follows_a_pattern(bytes);
}

}  // namespace sallyport::secrets
