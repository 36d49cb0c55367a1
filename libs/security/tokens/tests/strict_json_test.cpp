#include "strict_json.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

namespace sallyport::tokens {
namespace {

constexpr StrictJson::Limits kLimits{.bytes_max = 1000, .values_max = 20};

std::optional<JsonError> error_of(std::string_view text) {
  const auto document = StrictJson::parse(text, kLimits);
  return document ? std::nullopt : std::optional(document.error());
}

TEST(StrictJson, WalksValuesInDocumentOrder) {
  auto parsed = StrictJson::parse(R"({"a":[1,{"b":"x"},[]],"c":{},"d":true,"e":null})", kLimits);
  ASSERT_TRUE(parsed.has_value());
  const StrictJson document = *std::move(parsed);  // a move leaves the views whole
  std::string seen;
  for (const auto* child = document.first(document.root()); child; child = document.next(document.root(), *child)) {
    seen += child->name;
  }
  EXPECT_EQ(seen, "acde");
  const auto* const a = document.find(document.root(), "a");
  ASSERT_NE(a, nullptr);
  int children = 0;
  for (const auto* child = document.first(*a); child; child = document.next(*a, *child)) ++children;
  EXPECT_EQ(children, 3);
  EXPECT_EQ(document.find(document.root(), "b"), nullptr);  // only direct members
  EXPECT_EQ(document.find(*a, "b"), nullptr);
  EXPECT_EQ(document.first(*document.find(document.root(), "c")), nullptr);
  EXPECT_TRUE(document.find(document.root(), "d")->truth);
}

TEST(StrictJson, ResolvesEscapesInNamesAndStrings) {
  const auto document = StrictJson::parse(R"({"\u0061\n":"\ud83d\ude00\"\\\/\u0000."})", kLimits);
  ASSERT_TRUE(document.has_value());
  const auto* const value = document->find(document->root(), "a\n");
  ASSERT_NE(value, nullptr);
  EXPECT_EQ(value->text, std::string_view("\xf0\x9f\x98\x80\"\\/\0.", 9));
}

TEST(StrictJson, KeepsNumbersAsTheyAreWritten) {
  const auto document = StrictJson::parse(R"([0,-1,9223372036854775807,9223372036854775808,1.5,1e2,-0])", kLimits);
  ASSERT_TRUE(document.has_value());
  std::string integers;
  for (const auto* one = document->first(document->root()); one; one = document->next(document->root(), *one)) {
    const auto number = integer_of(*one);
    integers += std::string(one->text) + "=" + (number ? std::to_string(*number) : "none") + " ";
  }
  EXPECT_EQ(integers,
            "0=0 -1=-1 9223372036854775807=9223372036854775807 9223372036854775808=none 1.5=none 1e2=none -0=0 ");
}

TEST(StrictJson, FindsANameThatComesTwiceAtAnyLevel) {
  EXPECT_EQ(error_of(R"({"a":1,"b":2,"a":3})"), JsonError::DuplicateName);
  EXPECT_EQ(error_of(R"({"a":1,"\u0061":3})"), JsonError::DuplicateName);
  EXPECT_EQ(error_of(R"([{"x":{"a":1,"a":1}}])"), JsonError::DuplicateName);
  EXPECT_EQ(error_of(R"({"":1,"":1})"), JsonError::DuplicateName);
  EXPECT_EQ(error_of(R"({"a":{"a":{"a":1}},"A":[{"a":1},{"a":1}]})"), std::nullopt);
}

TEST(StrictJson, StopsAtItsLimits) {
  EXPECT_EQ(error_of("[" + std::string(998, ' ') + "]"), std::nullopt);
  EXPECT_EQ(error_of("[" + std::string(999, ' ') + "]"), JsonError::TooLarge);
  EXPECT_EQ(error_of(std::string(8, '[') + std::string(8, ']')), std::nullopt);
  EXPECT_EQ(error_of(std::string(9, '[') + std::string(9, ']')), JsonError::Syntax);
  EXPECT_EQ(error_of("[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9]"), std::nullopt);
  EXPECT_EQ(error_of("[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0]"), JsonError::TooManyValues);
}

TEST(StrictJson, RefusesWhatOnlyLooksLikeJson) {
  for (const std::string_view text : {"",
                                      " ",
                                      "{",
                                      "[1,]",
                                      "{\"a\"}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "nul",
                                      "NaN",
                                      "Infinity",
                                      "+1",
                                      "01",
                                      ".5",
                                      "1.",
                                      "0x1",
                                      "{}{}",
                                      "{} x",
                                      "[1]//c",
                                      "/**/[]",
                                      "\xef\xbb\xbf[]",
                                      "[\"\x01\"]",
                                      "[\"\\x\"]",
                                      "[\"\\ud800\"]",
                                      "[\"\xed\xa0\x80\"]",
                                      "[\"\xc0\x80\"]",
                                      "[\"\xf5\x80\x80\x80\"]"}) {
    EXPECT_EQ(error_of(text), JsonError::Syntax) << text;
  }
  EXPECT_EQ(error_of(std::string_view("{}\0", 3)), JsonError::Syntax);
  EXPECT_EQ(error_of(" \t\r\n{} \n"), std::nullopt);
}

}  // namespace
}  // namespace sallyport::tokens
