#include "ecma_pattern.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace sallyport::validation {
namespace {

struct PatternCase {
  std::string_view name;
  std::string_view pattern;
  std::string_view yes;
  std::string_view no;
};

constexpr std::array kCases = std::to_array<PatternCase>({
    {"unanchored", "b", "abc", "acd"},
    {"dollar is the very end", "^a$", "a", "a\n"},
    {"digits are ASCII", "^\\d$", "7", "\xd9\xa7"},
    {"words are ASCII", "^\\w$", "_", "\xc3\xa9"},
    {"space of Unicode", "^\\s$", "\xc2\xa0", "x"},
    {"vertical tab is a space", "^\\s$", "\v", "\x08"},
    {"no space of Unicode", "^\\S$", "x", "\xe3\x80\x80"},
    {"space in a class", "^[\\s,]$", "\xef\xbb\xbf", "x"},
    {"no space in a class", "^[\\S]$", "x", "\xc2\xa0"},
    {"dot takes no line end", "^.$", "x", "\xe2\x80\xa8"},
    {"dot takes one character", "^.$", "\xf0\x9f\x98\x80", "\r"},
    {"long category", "^\\p{Letter}$", "\xc3\xa9", "1"},
    {"category with its key", "^\\p{General_Category=Decimal_Number}$", "1", "a"},
    {"no category", "^\\P{Lu}$", "a", "A"},
    {"script", "^\\p{Script=Greek}$", "\xce\xb1", "a"},
    {"category in a class", "^[\\p{Lowercase_Letter}-]+$", "a-\xc3\xa9", "A"},
    {"code unit", "^\\u0041$", "A", "B"},
    {"surrogate pair", "^\\ud83d\\ude00$", "\xf0\x9f\x98\x80", "x"},
    {"code point", "^\\u{1F600}$", "\xf0\x9f\x98\x80", "x"},
    {"hex", "^\\x41$", "A", "B"},
    {"NUL", "^\\0$", std::string_view("\0", 1), "0"},
    {"control", "^\\cA$", "\x01", "A"},
    {"backspace in a class", "^[\\b]$", "\x08", "b"},
    {"word boundary", "\\bfoo\\b", "a foo b", "afoo"},
    {"bracket in a class is a character", "^[[:alpha:]]$", "[]", "x"},
    {"empty class", "^(a|[])$", "a", ""},
    {"class of everything", "^[^]$", "\n", ""},
    {"named group", "^(?<year>\\d{4})$", "2026", "26"},
    {"escaped slash and hyphen", "^a\\/b\\-c$", "a/b-c", "a\\/b"},
    {"escaped at", "^\\@\\ $", "@ ", "@"},
    {"reference of the contract", "^[A-Za-z0-9_-]{1,64}$", "a-Z_9", ""},
});

TEST(Pattern, MatchesAsEcma262Says) {
  for (const PatternCase& one : kCases) {
    SCOPED_TRACE(one.name);
    const auto pattern = Pattern::compile(one.pattern);
    ASSERT_TRUE(pattern.has_value()) << pattern.error();
    EXPECT_TRUE(pattern->matches(one.yes));
    EXPECT_FALSE(pattern->matches(one.no));
  }
}

TEST(Pattern, RefusesWhatHasNoLinearEqual) {
  constexpr std::array<std::string_view, 24> kBad{"(?=a)",   "(?!a)", "(?<=a)",      "(?<!a)", "(a)\\1",   "\\k<a>",
                                                  "\\a",     "\\Z",   "\\Qx",        "(?i)a",  "\\p{Xyz}", "\\pL",
                                                  "\\ud83d", "\\u12", "\\u{110000}", "\\xg",   "a{2000}",  "[a",
                                                  "(a",      "a)",    "*a",          "a**",    "\\",       "\\c"};
  for (const std::string_view pattern : kBad) EXPECT_FALSE(Pattern::compile(pattern).has_value()) << pattern;
}

}  // namespace
}  // namespace sallyport::validation
