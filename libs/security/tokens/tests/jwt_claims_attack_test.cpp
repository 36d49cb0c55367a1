// Claims that a holder of the right key could have signed, and that are refused all the same; and the edges of what is
// accepted.

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "forge.hpp"

namespace sallyport::tokens::testing {
namespace {

struct Row {
  const char* name;
  TokenError expected;
  const char* from;
  std::string to;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}
std::string name_of_row(const ::testing::TestParamInfo<Row>& info) {
  return info.param.name;
}

class JwtClaims : public ::testing::TestWithParam<Row> {};

TEST_P(JwtClaims, AreRefusedForTheirOwnReason) {
  static const Forge f;
  const auto verdict = f.verifier().verify(f.with_claim(GetParam().from, GetParam().to), at(kNow));
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(to_string(verdict.error()), to_string(GetParam().expected));
}

using enum TokenError;
constexpr const char* kExp = "1767226500";

const Row kTimes[] = {
    {"ExpAString", BadClaims, kExp, "\"1767226500\""},
    {"ExpAFraction", BadClaims, kExp, "1767226500.5"},
    {"ExpAnIntegerWrittenAsFraction", BadClaims, kExp, "1767226500.0"},
    {"ExpWithExponent", BadClaims, kExp, "1e99"},
    {"ExpInfinite", BadClaims, kExp, "1e400"},
    {"ExpNegative", BadClaims, kExp, "-1"},
    {"ExpNegativeZero", Expired, kExp, "-0"},
    {"ExpTwoToTheSixtyThree", BadClaims, kExp, "9223372036854775808"},
    {"ExpTwoToTheSixtyFourAndOneSecond", BadClaims, kExp, "18446744075476778116"},
    {"ExpOfAThousandDigits", BadClaims, kExp, std::string(1000, '9')},
    {"ExpBeyondTheYear9999", BadClaims, kExp, "253402300800"},
    {"ExpNotANumber", Malformed, kExp, "NaN"},
    {"ExpHexadecimal", Malformed, kExp, "0x7fffffff"},
    {"ExpWithLeadingZero", Malformed, kExp, "01767226500"},
    {"ExpNull", BadClaims, kExp, "null"},
    {"ExpTrue", BadClaims, kExp, "true"},
    {"ExpAnArray", BadClaims, kExp, "[1767226500]"},
    {"ExpMissing", BadClaims, ",\"exp\":1767226500", ""},
    {"ExpPast", Expired, kExp, "1767225500"},
    {"ExpPastByTheLeeway", Expired, kExp, "1767225570"},
    {"NbfInTheFuture", NotYetValid, "\"iat\"", "\"nbf\":1767225631,\"iat\""},
    {"NbfAString", BadClaims, "\"iat\"", "\"nbf\":\"0\",\"iat\""},
    {"NbfHuge", BadClaims, "\"iat\"", "\"nbf\":1e300,\"iat\""},
    {"NbfAtTheEndOfTheYear9999", NotYetValid, "\"iat\"", "\"nbf\":253402300799,\"iat\""},
    {"IatInTheFuture", NotYetValid, "\"iat\":1767225600", "\"iat\":1767225631"},
    {"IatMissing", BadClaims, "\"iat\":1767225600,", ""},
    {"IatAString", BadClaims, "\"iat\":1767225600", "\"iat\":\"1767225600\""},
};
INSTANTIATE_TEST_SUITE_P(Times, JwtClaims, ::testing::ValuesIn(kTimes), name_of_row);

const Row kNames[] = {
    {"IssuerOfAnother", WrongIssuer, "https://id.example", "https://evil.example"},
    {"IssuerWithASlashBehind", WrongIssuer, "https://id.example", "https://id.example/"},
    {"IssuerInOtherCase", WrongIssuer, "https://id.example", "https://ID.example"},
    {"IssuerAnArray", BadClaims, "\"https://id.example\"", "[\"https://id.example\"]"},
    {"IssuerMissing", BadClaims, "\"iss\":\"https://id.example\",", ""},
    {"AudienceOfAnother", WrongAudience, "\"shop\"", "\"bank\""},
    {"AudienceThatBeginsLikeOurs", WrongAudience, "\"shop\"", "\"shop.evil\""},
    {"AudienceAnEmptyArray", WrongAudience, "\"shop\"", "[]"},
    {"AudienceAnArrayOfOthers", WrongAudience, "\"shop\"", "[\"bank\",\"shop2\"]"},
    {"AudienceAnArrayWithANumber", BadClaims, "\"shop\"", "[\"shop\",1]"},
    {"AudienceAnObject", BadClaims, "\"shop\"", "{\"shop\":1}"},
    {"AudienceMissing", BadClaims, "\"aud\":\"shop\",", ""},
    {"SubjectEmpty", BadClaims, "\"u1\"", "\"\""},
    {"SubjectANumber", BadClaims, "\"u1\"", "1"},
    {"SubjectWithALineEnd", BadClaims, "\"u1\"", "\"u1\\nadmin\""},
    {"SubjectWithANul", BadClaims, "\"u1\"", "\"u1\\u0000\""},
    {"SubjectTooLong", BadClaims, "\"u1\"", "\"" + std::string(256, 'u') + "\""},
    {"SubjectMissing", BadClaims, "\"sub\":\"u1\",", ""},
    {"SubjectTwice", Malformed, "\"sid\"", "\"sub\":\"u2\",\"sid\""},
    {"SubjectTwiceSpelledWithAnEscape", Malformed, "\"sid\"", "\"s\\u0075b\":\"u2\",\"sid\""},
    {"NameTwiceBelow", Malformed, "\"sid\"", "\"act\":{\"sub\":\"a\",\"x\":1,\"sub\":\"b\"},\"sid\""},
    {"SessionMissing", BadClaims, "\"sid\":\"s1\",", ""},
    {"IdMissing", BadClaims, "\"jti\":\"j1\",", ""},
    {"RoleMissing", BadClaims, "\"role\":\"user\",", ""},
    {"RoleAnArray", BadClaims, "\"user\"", "[\"user\",\"admin\"]"},
    {"ClaimsWithTrailingBytes", Malformed, "1767226500}", "1767226500}}"},
    {"ClaimsTwice", Malformed, "1767226500}", "1767226500} {}"},
    {"ClaimsCut", Malformed, "1767226500}", "1767226500"},
    {"ClaimsWithATrailingComma", Malformed, "1767226500}", "1767226500,}"},
    {"ClaimsWithInvalidUtf8", Malformed, "\"u1\"", "\"\xff\""},
    {"ClaimsWithOverlongUtf8", Malformed, "\"u1\"", "\"\xc1\xa1\""},
    {"ClaimsNestedTooDeep", Malformed, "\"sid\"", "\"x\":" + std::string(8, '[') + std::string(8, ']') + ",\"sid\""},
};
INSTANTIATE_TEST_SUITE_P(Names, JwtClaims, ::testing::ValuesIn(kNames), name_of_row);

TEST(JwtClaims, OfATokenInsideATokenAreNotLookedFor) {
  const Forge f;
  const auto verdict = f.verifier().verify(f.with_claims(f.good()), at(kNow));
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(verdict.error(), Malformed);
}

struct Edge {
  const char* name;
  const char* from;
  std::string to;
};
void PrintTo(const Edge& edge, std::ostream* out) {
  *out << edge.name;
}
class JwtEdges : public ::testing::TestWithParam<Edge> {};

TEST_P(JwtEdges, AreAccepted) {
  static const Forge f;
  const auto verdict = f.verifier().verify(f.with_claim(GetParam().from, GetParam().to), at(kNow));
  ASSERT_TRUE(verdict.has_value()) << to_string(verdict.error());
  EXPECT_EQ(verdict->claims.issuer, "https://id.example");
}

const Edge kEdges[] = {
    {"ExpJustWithinTheLeeway", kExp, "1767225571"},
    {"ExpAtTheEndOfTheYear9999", kExp, "253402300799"},
    {"NbfJustWithinTheLeeway", "\"iat\"", "\"nbf\":1767225630,\"iat\""},
    {"IatJustWithinTheLeeway", "\"iat\":1767225600", "\"iat\":1767225630"},
    {"AudienceAnArrayWithOurs", "\"shop\"", "[\"bank\",\"shop\"]"},
    {"SubjectAsLongAsMayBe", "\"u1\"", "\"" + std::string(255, 'u') + "\""},
    {"MoreClaims", "\"sid\"", "\"x\":[1.5,{\"a\":null}],\"y\":1e9,\"sid\""},
    {"WhiteSpace", "\"sid\":", " \r\n\t\"sid\" :\t"},
    {"NestedAsDeepAsMayBe", "\"sid\"", "\"x\":" + std::string(7, '[') + std::string(7, ']') + ",\"sid\""},
};
INSTANTIATE_TEST_SUITE_P(Claims, JwtEdges, ::testing::ValuesIn(kEdges),
                         [](const ::testing::TestParamInfo<Edge>& info) { return std::string(info.param.name); });

TEST(JwtEdges, ATokenOfExactlyTheLimitIsRead) {
  const Forge f;
  // No base64 text has a length of 4n + 1, so the header gives way by one character.
  const std::string header = std::string(Forge::kHeader) + " ";
  std::string token;
  for (std::size_t pad = 5500; token.size() < kAccessTokenBytesMax; ++pad) {
    std::string claims(Forge::kClaims);
    token = forge(header, claims.insert(1, "\"x\":\"" + std::string(pad, 'x') + "\","), f.ed);
  }
  ASSERT_EQ(token.size(), kAccessTokenBytesMax);
  EXPECT_TRUE(f.verifier().verify(token, at(kNow)).has_value());
}

}  // namespace
}  // namespace sallyport::tokens::testing
