#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::rate_limit {

/// Writes one command as RESP2 (https://redis.io/docs/reference/protocol-spec/) into a string that is used again and
/// again, so that the hot path allocates nothing.
class CommandWriter final {
 public:
  /// words: how many will follow, the command's name included.
  void begin(std::size_t words) {
    out_.clear();
    head('*', words);
  }
  void word(std::string_view text) {
    head('$', text.size());
    out_.append(text).append("\r\n");
  }
  void word(std::int64_t number) {
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    word(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  /// Words that are already encoded.
  void raw(std::string_view encoded) { out_.append(encoded); }
  std::string_view text() const noexcept { return out_; }

 private:
  void head(char type, std::size_t number) {
    char digits[24];
    digits[0] = type;
    char* end = std::to_chars(digits + 1, digits + sizeof digits, number).ptr;
    *end++ = '\r';
    *end++ = '\n';
    out_.append(digits, static_cast<std::size_t>(end - digits));
  }

  std::string out_;
};

}  // namespace sallyport::rate_limit
