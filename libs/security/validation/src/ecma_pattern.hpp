#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

namespace sallyport::validation {

/// A regular expression of ECMA 262 (with the `u` flag), matched by RE2: linear in the text, without a stack.
class Pattern final {
 public:
  /// The reason, in English, when the pattern has no equal in RE2 (look-around, back-references, a property of
  /// characters that RE2 does not know) or is no pattern.
  static std::expected<Pattern, std::string> compile(std::string_view ecma);

  /// Whether the pattern matches somewhere in the text, which is valid UTF-8.
  bool matches(std::string_view text) const;

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

 private:
  explicit Pattern(std::unique_ptr<const re2::RE2> regex) noexcept;
  std::unique_ptr<const re2::RE2> regex_;
};

/// The same pattern in RE2's syntax. Does not promise that RE2 takes it.
std::expected<std::string, std::string> translate_pattern(std::string_view ecma);

}  // namespace sallyport::validation
