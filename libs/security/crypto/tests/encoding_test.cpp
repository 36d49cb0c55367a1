#include "sallyport/crypto/encoding.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sallyport/core/random.hpp"

namespace sallyport::crypto {
namespace {

TEST(Base64Url, WritesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : rows) {
    EXPECT_EQ(base64url_encode(bytes_of(plain)), encoded);
    EXPECT_EQ(base64url_decode(encoded), plain);
    EXPECT_EQ(base64_encode(bytes_of(plain)), encoded);
    EXPECT_EQ(base64_decode(encoded), plain);
  }
}

TEST(Base64Url, KeepsTheTwoAlphabetsApart) {
  const std::string bytes = "\xfb\xff\xbf";
  EXPECT_EQ(base64url_encode(bytes_of(bytes)), "-_-_");
  EXPECT_EQ(base64_encode(bytes_of(bytes)), "+/+/");
  EXPECT_EQ(base64url_decode("-_-_"), bytes);
  EXPECT_EQ(base64_decode("+/+/"), bytes);
  EXPECT_EQ(base64url_decode("+/+/"), std::nullopt);
  EXPECT_EQ(base64_decode("-_-_"), std::nullopt);
}

TEST(Base64Url, RefusesEverySecondSpelling) {
  const std::pair<const char*, std::string_view> rows[] = {
      {"padding", "Zg=="},           {"inner padding", "Zg=v"},    {"one character too many", "Zm9vY"},
      {"a lone character", "Z"},     {"four free bits set", "Zh"}, {"two free bits set", "Zm9"},
      {"line end", "Zm9v\n"},        {"blank", "Zm 9v"},           {"NUL", std::string_view("Zm9\0", 4)},
      {"byte above 127", "Zm9\xc3"},
  };
  for (const auto& [name, text] : rows) {
    EXPECT_EQ(base64url_decode(text), std::nullopt) << name;
    EXPECT_EQ(base64_decode(text), std::nullopt) << name;
  }
}

TEST(Base64Url, TakesOneOfTheFourThousandSpellingsOfAByte) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int taken = 0;
  for (const char a : kAlphabet) {
    for (const char b : kAlphabet) {
      const std::string text{a, b};
      const auto decoded = base64url_decode(text);
      if (!decoded) continue;
      ++taken;
      EXPECT_EQ(base64url_encode(bytes_of(*decoded)), text);
    }
  }
  EXPECT_EQ(taken, 256);
}

TEST(Base64Url, ReadsBackWhatItWrites) {
  FastRandom random(7);
  for (std::size_t size = 0; size < 200; ++size) {
    std::string bytes(size, '\0');
    random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    EXPECT_EQ(base64url_decode(base64url_encode(bytes_of(bytes))), bytes);
    EXPECT_EQ(base64_decode(base64_encode(bytes_of(bytes))), bytes);
    EXPECT_EQ(hex_decode(hex_encode(bytes_of(bytes))), bytes);
  }
}

TEST(Hex, WritesAndTakesLowerCaseOnly) {
  EXPECT_EQ(hex_encode(bytes_of("\x01\xab\xff")), "01abff");
  EXPECT_EQ(hex_decode("01abff"), "\x01\xab\xff");
  EXPECT_EQ(hex_decode(""), "");
  for (const auto* text : {"01ABFF", "0", "012", "0g", " 01", "0x01"})
    EXPECT_EQ(hex_decode(text), std::nullopt) << text;
}

}  // namespace
}  // namespace sallyport::crypto
