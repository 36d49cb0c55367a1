#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>

#include "document_text.hpp"

namespace sallyport::validation {
namespace {

TEST(YamlTyping, TypesPlainScalarsAsTheCoreSchemaSays) {
  constexpr std::array kScalars = std::to_array<std::array<std::string_view, 2>>({
      {"~", "null"},
      {"null", "null"},
      {"Null", "null"},
      {"nULL", "\"nULL\""},
      {"true", "true"},
      {"TRUE", "true"},
      {"yes", "\"yes\""},
      {"no", "\"no\""},
      {"on", "\"on\""},
      {"y", "\"y\""},
      {"010", "10"},
      {"0o10", "8"},
      {"0x1F", "31"},
      {"-7", "-7"},
      {"+7", "7"},
      {"0b1", "\"0b1\""},
      {"1_000", "\"1_000\""},
      {"1:30", "\"1:30\""},
      {"3.1.0", "\"3.1.0\""},
      {"1.5", "1.5E0"},
      {".5", "5E-1"},
      {"1.", "1"},
      {"1e3", "1000"},
      {"1e", "\"1e\""},
      {"-", "\"-\""},
      {"2026-01-02", "\"2026-01-02\""},
      {"0o8", "\"0o8\""},
      {"-0x1", "\"-0x1\""},
  });
  for (const auto& [text, expected] : kScalars) {
    const auto value = type_plain_scalar(text);
    ASSERT_TRUE(value.has_value()) << text;
    EXPECT_EQ(boost::json::serialize(*value), expected) << text;
  }
  for (const std::string_view text : {".inf", "-.inf", ".nan", "18446744073709551616", "1e400"}) {
    EXPECT_FALSE(type_plain_scalar(text).has_value()) << text;
  }
}

TEST(YamlTyping, KeepsQuotedScalarsAndKeysAsText) {
  const auto document =
      read_document("a: 'no'\nb: \"010\"\nc: no\n200: x\nd: |\n  1\ne: [1, '1', null]\ntrue: {f: 1}\n");
  ASSERT_TRUE(document.has_value()) << document.error().why;
  EXPECT_EQ(boost::json::serialize(document->root),
            R"({"a":"no","b":"010","c":"no","200":"x","d":"1\n","e":[1,"1",null],"true":{"f":1}})");
  EXPECT_EQ(document->lines.at("/c"), 3);
  EXPECT_EQ(document->lines.at("/e/1"), 7);
  EXPECT_EQ(document->lines.at("/true/f"), 8);
}

struct BadText {
  std::string_view name;
  std::string text;
  std::string_view place;
  std::string_view why;
};

TEST(YamlTyping, RefusesWhatCouldBeReadInTwoWays) {
  const std::array kBad = std::to_array<BadText>({
      {"key twice", "a: 1\nb: 2\na: 3\n", "line 3", "stands twice"},
      {"alias", "a: &x 1\nb: *x\n", "line 1", "anchors"},
      {"tag", "a: !!str 1\n", "line 1", "tags"},
      {"merge key", "a: {<<: *x}\n", "line 1", ""},
      {"two documents", "a: 1\n---\nb: 1\n", "line", "second"},
      {"null key", "a:\n  ~: 1\n", "line 2", "null"},
      {"list as a key", "? [a]\n: 1\n", "line 1", "key"},
      {"no YAML", "a: [1\n", "line", "YAML"},
      {"nothing", "", "", "empty"},
      {"not UTF-8", "a: \"x\"\nb: \xff\n", "line 2", "UTF-8"},
      {"too deep", std::string(100, '[') + std::string(100, ']'), "line 1", "deep"},
      {"JSON with a name twice", "{\"a\":1,\n\"a\":2}", "line 2", "twice"},
  });
  for (const BadText& one : kBad) {
    SCOPED_TRACE(one.name);
    const auto document = read_document(one.text);
    ASSERT_FALSE(document.has_value());
    EXPECT_THAT(document.error().place, testing::StartsWith(one.place));
    EXPECT_THAT(document.error().why, testing::HasSubstr(one.why));
  }
}

}  // namespace
}  // namespace sallyport::validation
