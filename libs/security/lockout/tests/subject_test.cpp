#include "sallyport/lockout/subject.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::lockout {
namespace {

const Secret<std::string> kPepper{std::string(32, 'p')};

TEST(Subject, IdsHoldNothingThatMeansSomethingInAKey) {
  struct Row {
    const char* name;
    std::string id;
    bool good;
  };
  const Row rows[] = {
      {"uuid", "0190b9a4-7c1e-7d2a-8f3b-1c2d3e4f5a6b", true},
      {"base64url", "AZaz09_-", true},
      {"longest", std::string(64, 'a'), true},
      {"empty", "", false},
      {"too long", std::string(65, 'a'), false},
      {"closes the hash tag", "a}b", false},
      {"opens another hash tag", "a{b", false},
      {"begins another bucket", "a:b", false},
      {"space", "a b", false},
      {"line end", "a\nb", false},
      {"NUL", std::string("a\0b", 3), false},
      {"not ASCII", "\xc3\xa9", false},
  };
  for (const Row& row : rows) EXPECT_EQ(Subject::is_id(row.id), row.good) << row.name;
}

TEST(Subject, ThreeKindsOfOneAccountAreThreeBuckets) {
  EXPECT_EQ(Subject::account("u").bucket(), "");
  EXPECT_EQ(Subject::device("u", "s").bucket(), "s");
  EXPECT_EQ(Subject::password_change("u", "s").bucket(), "pw:s");
}

TEST(SubjectDeathTest, BadIdIsABugThatStopsTheProcess) {
  EXPECT_DEATH(Subject::account("a}b"), "");
  EXPECT_DEATH(Subject::device("a", ""), "");
  EXPECT_DEATH(Subject::password_change("a", "b c"), "");
}

TEST(Pseudonym, HasTheFormOfAUserId) {
  const std::string id = pseudonym(kPepper, "nobody@example.org");
  ASSERT_EQ(id.size(), 36U);
  for (std::size_t i = 0; i < id.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    EXPECT_EQ(id[i] == '-', dash) << id;
    if (!dash) EXPECT_NE(std::string_view("0123456789abcdef").find(id[i]), std::string_view::npos) << id;
  }
  EXPECT_EQ(id[14], '8') << "RFC 9562: version 8, which no generated id has";
  EXPECT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos);
  EXPECT_TRUE(Subject::is_id(id));
}

TEST(Pseudonym, DependsOnEmailAndPepperAlone) {
  const std::string id = pseudonym(kPepper, "nobody@example.org");
  EXPECT_EQ(pseudonym(kPepper, "nobody@example.org"), id);
  EXPECT_NE(pseudonym(kPepper, "nobody@example.com"), id);
  EXPECT_NE(pseudonym(Secret<std::string>(std::string(32, 'q')), "nobody@example.org"), id);
  EXPECT_TRUE(Subject::is_id(pseudonym(kPepper, "}{:\n" + std::string(100'000, 'x')))) << "whatever the address is";
}

/// Computed by hand with `openssl dgst -sha256 -mac HMAC`: the form must not change between releases, or an update
/// would forget counts.
TEST(Pseudonym, KnownAnswer) {
  EXPECT_EQ(pseudonym(kPepper, "nobody@example.org"), "72e35c63-435e-8adf-bf92-05222d653167");
}

}  // namespace
}  // namespace sallyport::lockout
