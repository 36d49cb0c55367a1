#include "sallyport/passwords/password_policy.hpp"

#include <string>

#include <gtest/gtest.h>

#include "common_passwords.hpp"
#include "unicode.hpp"

namespace sallyport::passwords {
namespace {

const PasswordPolicy& policy() {
  static const PasswordPolicy instance;
  return instance;
}

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

TEST(PasswordPolicy, TakesWhatNobodyWouldGuess) {
  const std::string rows[] = {
      "correct horse battery staple",
      "k7$Wq2mz",                    // 8 bytes
      std::string(1023, 'a') + "b",  // 1024 bytes
      " leading and trailing ",      // not trimmed
      "Gr\xc3\xbc\xc3\x9f"
      "e aus K\xc3\xb6ln",
      "\xf0\x9f\x90\xa2\xf0\x9f\x9a\x80",  // two emoji, 8 bytes
      std::string("nul\0inside", 10),
  };
  for (const auto& password : rows) {
    const auto checked = policy().check(password);
    ASSERT_TRUE(checked) << password;
    EXPECT_EQ(checked->expose(), password);
  }
}

TEST(PasswordPolicy, RefusesTheRest) {
  const struct {
    const char* name;
    std::string password;
    PasswordFault fault;
  } rows[] = {
      {"empty", "", PasswordFault::TooShort},
      {"7 bytes", "k7$Wq2m", PasswordFault::TooShort},
      {"8 bytes that become 6",
       "e\xcc\x81"
       "e\xcc\x81"
       "ab",
       PasswordFault::TooShort},
      {"1025 bytes", std::string(1024, 'a') + "b", PasswordFault::TooLong},
      {"a megabyte", std::string(1U << 20U, 'a'), PasswordFault::TooLong},
      {"1023 bytes that become more", repeated("\xe0\xa5\x98", 341),
       PasswordFault::TooLong},  // U+0958, whose NFC is two letters,
      {"Latin-1", "p\xe4sswort!", PasswordFault::NotUtf8},
      {"cut off", "password\xe2\x82", PasswordFault::NotUtf8},
      {"overlong", "password\xc0\xaf", PasswordFault::NotUtf8},
      {"surrogate", "password\xed\xa0\x80", PasswordFault::NotUtf8},
      {"above U+10FFFF", "password\xf4\x90\x80\x80", PasswordFault::NotUtf8},
      {"lone continuation", "password\x80", PasswordFault::NotUtf8},
      {"first of the list", "password", PasswordFault::Common},
      {"digits", "12345678", PasswordFault::Common},
      {"upper case", "PassWord1", PasswordFault::Common},
      {"keyboard", "QWERTYUIOP", PasswordFault::Common},
      {"with signs", "P@ssw0rd", PasswordFault::Common},
      {"full width", "\xef\xbd\x90\xef\xbd\x81\xef\xbd\x93\xef\xbd\x93\xef\xbd\x97\xef\xbd\x8f\xef\xbd\x92\xef\xbd\x84",
       PasswordFault::Common},
      {"invisible letter inside", "pass\xe2\x80\x8bword", PasswordFault::Common},
      {"long s", "pa\xc5\xbf\xc5\xbfword", PasswordFault::Common},
      {"one letter", "zzzzzzzzzzzzzzzz", PasswordFault::Common},
      {"one letter, both cases", "zZzZzZzZzZ", PasswordFault::Common},
      {"nothing visible", "\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b", PasswordFault::Common},
  };
  for (const auto& row : rows) {
    const auto checked = policy().check(row.password);
    ASSERT_FALSE(checked) << row.name;
    EXPECT_EQ(checked.error(), row.fault) << row.name;
    EXPECT_FALSE(message_of(checked.error()).empty());
  }
}

TEST(PasswordPolicy, RefusesEveryPasswordOfTheList) {
  std::string_view text = common_passwords_text();
  std::size_t words = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    ASSERT_NE(end, std::string_view::npos) << "the last line has no end";
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (words == 0 && word.starts_with('#')) continue;
    ++words;
    ASSERT_GE(word.size(), kPasswordBytesMin) << word << " could not be chosen anyway";
    const auto checked = policy().check(word);
    ASSERT_FALSE(checked) << word;
    ASSERT_EQ(checked.error(), PasswordFault::Common) << word;
  }
  EXPECT_EQ(words, 10000U);
}

TEST(NormalizePassword, GivesOneFormForAllKeyboards) {
  const auto composed = normalize_password("caf\xc3\xa9 42!!");
  const auto decomposed = normalize_password("cafe\xcc\x81 42!!");
  ASSERT_TRUE(composed && decomposed);
  EXPECT_EQ(composed->expose(), "caf\xc3\xa9 42!!");
  EXPECT_EQ(decomposed->expose(), composed->expose());
  // Compatible is not equal: NFC keeps the two apart.
  EXPECT_NE(normalize_password("\xef\xac\x81")->expose(), normalize_password("fi")->expose());
}

TEST(NormalizePassword, AsksForNoLengthOnLogin) {
  EXPECT_EQ(normalize_password("short")->expose(), "short");
  EXPECT_EQ(normalize_password("")->expose(), "");
  EXPECT_EQ(normalize_password(std::string(1025, 'a')).error(), PasswordFault::TooLong);
  EXPECT_EQ(normalize_password("\xff").error(), PasswordFault::NotUtf8);
}

TEST(Unicode, FoldsToTheSameWord) {
  EXPECT_EQ(to_folded("STRASSE")->expose(), to_folded("stra\xc3\x9f"
                                                      "e")
                                                ->expose());
  EXPECT_EQ(to_folded("\xff"), std::nullopt);
}

}  // namespace
}  // namespace sallyport::passwords
