#include "ecma_pattern.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>

#include <fmt/format.h>
#include <re2/re2.h>

#include "utf8.hpp"

namespace sallyport::validation {

namespace {

constexpr std::size_t kPatternBytesMax = 8192;
constexpr std::int64_t kPatternMemoryMax = std::int64_t{8} << 20U;

// White space and line ends of ECMA 262 (sections 12.2, 12.3); RE2's \s has only those of ASCII.
constexpr std::string_view kSpaces =
    R"(\t\n\v\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff})";
constexpr std::string_view kNoSpaces =
    R"(\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e})"
    R"(\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff})";
constexpr std::string_view kAnyButLineEnds = R"([^\n\r\x{2028}\x{2029}])";
constexpr std::string_view kSyntaxCharacters = "^$\\.*+?()[]{}|/";

struct LongName {
  std::string_view ecma;
  std::string_view re2;
};
/// Values of General_Category that ECMA 262 knows by name and RE2 by letters (Unicode, PropertyValueAliases).
constexpr std::array kCategories = std::to_array<LongName>({
    {"Letter", "L"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
});

bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

class Translator final {
 public:
  explicit Translator(std::string_view ecma) : ecma_(ecma) {}

  std::expected<std::string, std::string> run() {
    while (at_ < ecma_.size() && why_.empty()) step();
    if (why_.empty() && in_class_) refuse("has a '[' without its ']'");
    if (!why_.empty()) return std::unexpected(std::move(why_));
    return std::move(out_);
  }

 private:
  void refuse(std::string_view why) { why_ = why; }
  bool take(std::string_view text) {
    if (!ecma_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  void step() {
    const char c = ecma_[at_];
    if (c == '\\') {
      ++at_;
      escape();
    } else if (in_class_) {
      class_character(c);
    } else if (c == '[') {
      ++at_;
      open_class();
    } else if (c == '.') {
      ++at_;
      out_.append(kAnyButLineEnds);
    } else if (c == '(') {
      group();
    } else {
      ++at_;
      out_.push_back(c);
    }
  }
  void open_class() {
    if (take("^]")) {
      out_.append("(?s:.)");
    } else if (take("]")) {
      out_.append(R"([^\x{0}-\x{10ffff}])");
    } else {
      out_.append(take("^") ? "[^" : "[");
      in_class_ = true;
    }
  }
  void class_character(char c) {
    ++at_;
    // In RE2 "[[:alpha:]]" is a class of its own; in ECMA 262 the second bracket is a character.
    if (c == '[') out_.push_back('\\');
    if (c == ']') in_class_ = false;
    out_.push_back(c);
  }
  void group() {
    if (take("(?:")) {
      out_.append("(?:");
    } else if (take("(?=") || take("(?!") || take("(?<=") || take("(?<!")) {
      refuse("looks ahead or behind, which cannot be matched in linear time");
    } else if (take("(?<")) {
      const std::size_t end = ecma_.find('>', at_);
      if (end == std::string_view::npos) return refuse("has a group whose name does not end");
      at_ = end + 1;
      out_.append("(?:");
    } else if (take("(?")) {
      refuse("has a group of a kind that ECMA 262 does not know");
    } else {
      ++at_;
      out_.append("(?:");  // nobody asks for what a group matched
    }
  }
  void code_point(std::uint32_t point) { out_.append(fmt::format("\\x{{{:x}}}", point)); }
  std::optional<std::uint32_t> hex(std::size_t digits) {
    const std::string_view text = ecma_.substr(at_, digits);
    std::uint32_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, 16);
    if (digits == 0 || text.size() != digits || error != std::errc() || stopped != end) return std::nullopt;
    at_ += digits;
    return value;
  }
  void unicode_escape() {
    std::optional<std::uint32_t> point;
    if (take("{")) {
      const std::size_t end = ecma_.find('}', at_);
      if (end != std::string_view::npos) point = hex(end - at_);
      if (point) ++at_;
    } else {
      point = hex(4);
      if (point && *point >= 0xd800 && *point <= 0xdbff && take("\\u")) {
        const auto low = hex(4);
        if (!low || *low < 0xdc00 || *low > 0xdfff) return refuse("has half of a surrogate pair");
        point = 0x10000 + ((*point - 0xd800) << 10U) + (*low - 0xdc00);
      }
    }
    if (!point || *point > 0x10ffff) return refuse("has a bad \\u escape");
    if (*point >= 0xd800 && *point <= 0xdfff) return refuse("has half of a surrogate pair");
    code_point(*point);
  }
  void property(char kind) {
    const std::size_t end = ecma_.find('}', at_);
    if (!take("{") || end == std::string_view::npos) return refuse("has a \\p without {…}");
    std::string_view name = ecma_.substr(at_, end - at_);
    at_ = end + 1;
    for (const std::string_view prefix : {"General_Category=", "gc=", "Script=", "sc="}) {
      if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    const auto* const known = std::ranges::find(kCategories, name, &LongName::ecma);
    out_.append(fmt::format("\\{}{{{}}}", kind, known == kCategories.end() ? name : known->re2));
  }
  void escape() {
    if (at_ == ecma_.size()) return refuse("ends with a backslash");
    const char c = ecma_[at_++];
    switch (c) {
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 't':
      case 'n':
      case 'v':
      case 'f':
      case 'r':
        out_.append({'\\', c});
        return;
      case 's':
        out_.append(in_class_ ? std::string(kSpaces) : fmt::format("[{}]", kSpaces));
        return;
      case 'S':
        out_.append(in_class_ ? std::string(kNoSpaces) : fmt::format("[^{}]", kSpaces));
        return;
      case 'b':
        out_.append(in_class_ ? "\\x08" : "\\b");
        return;
      case 'p':
      case 'P':
        return property(c);
      case 'u':
        return unicode_escape();
      case 'x': {
        const auto value = hex(2);
        return value ? code_point(*value) : refuse("has a bad \\x escape");
      }
      default:
        return rare_escape(c);
    }
  }
  void rare_escape(char c) {
    if (c == 'B' && !in_class_) {
      out_.append("\\B");
    } else if (c == '-' && in_class_) {
      out_.append("\\-");
    } else if (c == '0' && (at_ == ecma_.size() || ecma_[at_] < '0' || ecma_[at_] > '9')) {
      code_point(0);
    } else if (c == 'c' && at_ < ecma_.size() && is_letter(ecma_[at_])) {
      code_point(static_cast<unsigned char>(ecma_[at_++]) % 32U);
    } else if ((c >= '1' && c <= '9') || c == 'k') {
      refuse("refers back to a group, which cannot be matched in linear time");
    } else if (kSyntaxCharacters.contains(c)) {
      out_.append({'\\', c});
    } else if (!is_letter(c) && c != '_' && static_cast<unsigned char>(c) < 0x80) {
      // Without the `u` flag any such escape means itself, and people write "\-", "\@" and "\ ".
      out_.append({'\\', c});
    } else {
      refuse(fmt::format("has an escape that ECMA 262 does not know: \\{}", c));
    }
  }

  std::string_view ecma_;
  std::size_t at_ = 0;
  bool in_class_ = false;
  std::string out_;
  std::string why_;
};

}  // namespace

std::expected<std::string, std::string> translate_pattern(std::string_view ecma) {
  if (ecma.size() > kPatternBytesMax) return std::unexpected("is longer than 8192 bytes");
  return Translator(ecma).run();
}

std::expected<Pattern, std::string> Pattern::compile(std::string_view ecma) {
  auto translated = translate_pattern(ecma);
  if (!translated) return std::unexpected(std::move(translated.error()));
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryMax);
  options.set_never_capture(true);
  auto regex = std::make_unique<const RE2>(*translated, options);
  if (!regex->ok()) return std::unexpected("is not taken by RE2: " + regex->error());
  return Pattern(std::move(regex));
}

bool Pattern::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex_);
}

Pattern::Pattern(std::unique_ptr<const re2::RE2> regex) noexcept : regex_(std::move(regex)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

}  // namespace sallyport::validation
