#include "sallyport/validation/json_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace sallyport::validation {
namespace {

struct Refused {
  std::string_view name;
  std::string text;
  JsonFault fault;
};

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

const std::array kRefused = std::to_array<Refused>({
    {"empty", "", JsonFault::Syntax},
    {"only white space", " \n", JsonFault::Syntax},
    {"half a value", "{\"a\":1", JsonFault::Syntax},
    {"NaN", "NaN", JsonFault::Syntax},
    {"NaN in a list", "[NaN]", JsonFault::Syntax},
    {"Infinity", "[-Infinity]", JsonFault::Syntax},
    {"comment", "/* */ 1", JsonFault::Syntax},
    {"trailing comma", "[1,]", JsonFault::Syntax},
    {"trailing comma in an object", "{\"a\":1,}", JsonFault::Syntax},
    {"single quotes", "{'a':1}", JsonFault::Syntax},
    {"leading zero", "01", JsonFault::TrailingBytes},
    {"leading plus", "+1", JsonFault::Syntax},
    {"hex", "0x10", JsonFault::TrailingBytes},
    {"point without digits", "1.", JsonFault::Syntax},
    {"capital literal", "True", JsonFault::Syntax},
    {"raw control character", std::string("\"a\nb\""), JsonFault::Syntax},
    {"raw NUL", std::string("\"\0\"", 3), JsonFault::Syntax},
    {"half a surrogate pair", R"("\ud800")", JsonFault::Syntax},
    {"surrogates the wrong way round", R"("\udc00\ud800")", JsonFault::Syntax},
    {"unknown escape", R"("\a")", JsonFault::Syntax},
    {"byte order mark", "\xef\xbb\xbf{}", JsonFault::ByteOrderMark},
    {"not UTF-8", "\"\xff\"", JsonFault::InvalidUtf8},
    {"overlong UTF-8", "\"\xc0\xaf\"", JsonFault::InvalidUtf8},
    {"surrogate as UTF-8", "\"\xed\xa0\x80\"", JsonFault::InvalidUtf8},
    {"beyond Unicode", "\"\xf4\x90\x80\x80\"", JsonFault::InvalidUtf8},
    {"UTF-8 cut off", "\"\xe2\x82\"", JsonFault::InvalidUtf8},
    {"something behind", "{} x", JsonFault::TrailingBytes},
    {"two values", "{}{}", JsonFault::TrailingBytes},
    {"NUL behind", std::string("{}\0", 3), JsonFault::TrailingBytes},
    {"name twice", R"({"a":1,"a":2})", JsonFault::DuplicateName},
    {"name twice, once escaped", R"({"amount":1,"\u0061mount":2})", JsonFault::DuplicateName},
    {"name twice, deep", R"([{"x":{"b":1,"c":2,"b":3}}])", JsonFault::DuplicateName},
    {"empty name twice", R"({"":1,"":2})", JsonFault::DuplicateName},
    {"deeper than 32", nested(33), JsonFault::TooDeep},
    {"double too large", "1e400", JsonFault::NumberOutOfRange},
    {"double too large, negative", "[-1e400]", JsonFault::NumberOutOfRange},
    {"double too small", "1e-400", JsonFault::NumberOutOfRange},
    {"absurd exponent", "1e99999999999999999999", JsonFault::NumberOutOfRange},
    {"integer past uint64", "18446744073709551616", JsonFault::NumberOutOfRange},
    {"integer below int64", "-9223372036854775809", JsonFault::NumberOutOfRange},
});

TEST(JsonReader, RefusesWhatIsNotStrictJson) {
  for (const Refused& one : kRefused) {
    SCOPED_TRACE(one.name);
    const auto value = parse_json(one.text);
    ASSERT_FALSE(value.has_value());
    EXPECT_EQ(value.error().fault, one.fault) << value.error().why;
    EXPECT_FALSE(value.error().why.empty());
    EXPECT_LE(value.error().offset, one.text.size());
  }
}

TEST(JsonReader, TakesThirtyTwoLevels) {
  EXPECT_TRUE(parse_json(nested(32)).has_value());
  EXPECT_TRUE(parse_json(nested(40), {.depth_max = 40}).has_value());
}

TEST(JsonReader, RefusesATextPastItsLimit) {
  EXPECT_TRUE(parse_json("[1,2]", {.bytes_max = 5}).has_value());
  const auto value = parse_json("[1,2] ", {.bytes_max = 5});
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().fault, JsonFault::TooLarge);
}

TEST(JsonReader, KeepsIntegersExactly) {
  EXPECT_EQ(parse_json("9007199254740993")->as_int64(), 9007199254740993);
  EXPECT_EQ(parse_json("-9223372036854775808")->as_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_json("18446744073709551615")->as_uint64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_json("-0")->as_int64(), 0);
}

TEST(JsonReader, HoldsAnIntegerThatIsWrittenAsAFractionAsAnInteger) {
  EXPECT_EQ(parse_json("1.0")->as_int64(), 1);
  EXPECT_EQ(parse_json("1e2")->as_int64(), 100);
  EXPECT_EQ(parse_json("-2.50e1")->as_int64(), -25);
  EXPECT_EQ(parse_json("1.5")->as_double(), 1.5);
  EXPECT_EQ(parse_json("1e300")->as_double(), 1e300);
}

TEST(JsonReader, ReadsEveryDoubleExactly) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const auto value = parse_json(fmt::format("{:.16e}", number));
    ASSERT_TRUE(value.has_value()) << number;
    EXPECT_EQ(value->to_number<double>(), number);
  }
}

TEST(JsonReader, FindsADuplicateAmongManyNames) {
  std::string text = "{";
  for (int i = 0; i < 1000; ++i) text += fmt::format("\"k{}\":0,", i);
  EXPECT_TRUE(parse_json(text + "\"last\":0}").has_value());
  const auto value = parse_json(text + "\"k500\":0}");
  ASSERT_FALSE(value.has_value());
  EXPECT_EQ(value.error().fault, JsonFault::DuplicateName);
}

/// An object of `count` names, a power of two, all of one bucket when they are chosen.
std::string object_of(std::size_t count, bool chosen) {
  std::string text = "{";
  for (std::uint64_t i = 0, found = 0; found < count; ++i) {
    const std::string name = fmt::format("{:06x}", i);
    std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a, which Boost.JSON's objects use without a secret
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    if (chosen && hash % count != 0) continue;
    text += fmt::format("{}\"{}\":0", found++ == 0 ? "" : ",", name);
  }
  return text + "}";
}

TEST(JsonReader, RefusesNamesThatAreMadeToCollide) {
  EXPECT_TRUE(parse_json(object_of(64, true)).has_value());
  const auto value = parse_json(object_of(1024, true));
  ASSERT_FALSE(value.has_value()) << "it would take quadratic time";
  EXPECT_EQ(value.error().fault, JsonFault::AlikeNames);
  EXPECT_TRUE(parse_json(object_of(32768, false)).has_value());
}

TEST(JsonReader, ComparesNamesOfOneObjectOnly) {
  EXPECT_TRUE(parse_json(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})").has_value());
}

TEST(JsonReader, KeepsTheOrderAndTheTextOfMembers) {
  const auto value = parse_json(R"({"z":"\u20ac\ud83d\ude00\n","a":[true,false,null]})");
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->as_object().begin()->key(), "z");
  EXPECT_EQ(value->at("z").as_string(), "\xe2\x82\xac\xf0\x9f\x98\x80\n");
  EXPECT_EQ(value->at("a").as_array().size(), 3U);
}

TEST(JsonReader, NamesThePlace) {
  EXPECT_EQ(parse_json("{\"a\":\"\xff\"}").error().offset, 6U);
  EXPECT_EQ(parse_json("{} x").error().offset, 3U);
}

}  // namespace
}  // namespace sallyport::validation
