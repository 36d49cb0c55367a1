#include "sallyport/observability/redactor.hpp"

#include <chrono>
#include <string>

#include <gtest/gtest.h>

namespace sallyport::log {
namespace {

constexpr std::string_view kKnown = "correct-horse-battery";

Redactor with_known_secrets() {
  return Redactor({Secret<std::string>(std::string(kKnown)), Secret<std::string>("xyzzy"), Secret<std::string>("q#7"),
                   Secret<std::string>("abab-abab"), Secret<std::string>("")});
}

struct Row {
  std::string_view name;
  std::string_view text;
  std::string_view masked;
};

class RedactorTable : public ::testing::TestWithParam<Row> {};

TEST_P(RedactorTable, Masks) {
  EXPECT_EQ(with_known_secrets().redact(GetParam().text), GetParam().masked);
}

std::string row_name(const ::testing::TestParamInfo<Row>& row) {
  return std::string(row.param.name);
}

INSTANTIATE_TEST_SUITE_P(
    KnownSecrets, RedactorTable,
    ::testing::Values(Row{"Inside", "key is correct-horse-battery.", "key is ***."},
                      Row{"Alone", "correct-horse-battery", "***"},
                      Row{"Twice", "correct-horse-battery/correct-horse-battery", "***/***"},
                      Row{"Shorter", "say xyzzy!", "say ***!"}, Row{"ShorterThanAWord", "a q#7 b", "a *** b"},
                      Row{"InsideAToken", "Bearer abc/correct-horse-battery/def", "Bearer ***"},
                      Row{"StickingOutOfAnotherMatch", "password=xyz correct-horse-battery", "password=*** ***"},
                      Row{"AcrossTheEndOfAnotherMatch", "token=\"axyz\"zy", "token=\"***\"zy"},
                      Row{"OverlappingAMatch", "token='a' rt1.k.xyzzyxyzzyxyzzy", "token='***' ***"},
                      Row{"OverlappingItself", "abab-abab-abab.", "***."},
                      Row{"OnlyAPart", "correct-horse-batter", "correct-horse-batter"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(Credentials, RedactorTable,
                         ::testing::Values(Row{"Bearer", "sent Bearer abc.DEF-123~+/= to x", "sent Bearer *** to x"},
                                           Row{"BearerInLowerCase", "bearer abcdef", "bearer ***"},
                                           Row{"Basic", "Basic dXNlcjpwYXNz\n", "Basic ***\n"},
                                           Row{"AfterEncodedSpace", "x=Bearer%20abcdef", "x=Bearer%20***"},
                                           Row{"AuthorizationLine", "Authorization: Digest a=b, c=d\r\nHost: x",
                                               "Authorization: ***\r\nHost: x"},
                                           Row{"ProseAboutTokens", "missing bearer token", "missing bearer token"},
                                           Row{"PartOfAWord", "forbearer of news", "forbearer of news"},
                                           Row{"NothingBehind", "Bearer ", "Bearer "}),
                         row_name);

INSTANTIATE_TEST_SUITE_P(
    Tokens, RedactorTable,
    ::testing::Values(
        Row{"Jwt", "got eyJhbGciOi.eyJzdWIiOi.c2ln-_nature now", "got *** now"},
        Row{"JwtWithoutSignature", "eyJhbGciOi.eyJzdWIiOi.", "***"}, Row{"Jwe", "(eyJh.a.b.c.d)", "(***)"},
        Row{"JwtInAPath", "/v/eyJh.eyJz.sig/x", "/v/***/x"},
        Row{"JwtThatWasCut", "/query/eyJhbGciOi.eyJzdWIiOi", "/query/***"},
        Row{"NoJwtWithTwoParts", "eyJhbGciOi.sub", "eyJhbGciOi.sub"}, Row{"NoJwtWithoutDots", "keyJob", "keyJob"},
        Row{"RefreshToken", "old rt1.k1.Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6MTIzNDU2Nzg5 end", "old *** end"},
        Row{"RefreshTokenCutShort", "rt1.k1.Zm9vYg", "***"},
        Row{"RefreshTokenGluedToText", "3Drt1.k1.Zm9vYmFyYmF6Zm9vYmFyYmF6Zm9vYmFyYmF6MTIzNDU2Nzg5", "3D***"},
        Row{"NoRefreshTokenInAHostName", "http://port1.example.com", "http://port1.example.com"},
        Row{"NoRefreshTokenInANumber", "start1.5s", "start1.5s"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Cookies, RedactorTable,
    ::testing::Values(Row{"Cookie", "Cookie: a=b; c=d\r\nAccept: */*", "Cookie: ***\r\nAccept: */*"},
                      Row{"SetCookie", "set-cookie: __Secure-refresh=abc; HttpOnly", "set-cookie: ***"},
                      Row{"InJson", R"({"Cookie": "a=b", "x": 1})", R"({"Cookie": "***", "x": 1})"},
                      Row{"IdempotencyKeyLine", "Idempotency-Key: 0123456789abcdefghijkl\nX: y",
                          "Idempotency-Key: ***\nX: y"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Urls, RedactorTable,
    ::testing::Values(Row{"Password", "postgresql://app:s3cret@db:5432/shop", "postgresql://app:***@db:5432/shop"},
                      Row{"PasswordWithoutUser", "redis://:s3cret@cache:6379", "redis://:***@cache:6379"},
                      Row{"AtInThePassword", "redis://u:a@b@cache", "redis://u:***@cache"},
                      Row{"RawSlashInThePassword", "redis://u:a/b?c@cache/0", "redis://u:***@cache/0"},
                      Row{"InQuotes", "'redis://u:a@h' failed at b@c", "'redis://u:***@h' failed at b@c"},
                      Row{"TwoUrls", "a://u:p@h,b://v:q@i", "a://u:***@h,b://v:***@i"},
                      Row{"PortIsNoPassword", "http://h:80/@scope/x", "http://h:80/@scope/x"},
                      Row{"AddressIsNoPassword", "http://[::1]:80/x@y", "http://[::1]:80/x@y"},
                      Row{"UserAlone", "ssh://git@host/x:y", "ssh://git@host/x:y"},
                      Row{"QueryParameter", "http://h/p?access_token=abc&x=1", "http://h/p?access_token=***&x=1"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Fields, RedactorTable,
    ::testing::Values(
        Row{"JsonPassword", R"({"email":"a@b.c","password":"x y\"z","n":1})",
            R"({"email":"a@b.c","password":"***","n":1})"},
        Row{"JsonWithSpaces", "{\"current_password\" \n   :\r\n\t\"a\"}", "{\"current_password\" \n   :\r\n\t\"***\"}"},
        Row{"JsonEscapedBackslashAtTheEnd", R"({"secret":"a\\","x":"y"})", R"({"secret":"***","x":"y"})"},
        Row{"JsonNumber", R"({"new_password":12345,"x":2})", R"({"new_password":***,"x":2})"},
        Row{"JsonArray", R"({"password":["a","b"],"x":2})", R"({"password":***],"x":2})"},
        Row{"JsonInJson", R"("body":"{\"refresh_token\":\"abc\",\"x\":1}")",
            R"("body":"{\"refresh_token\":\"***\",\"x\":1}")"},
        Row{"JsonCutShort", R"({"client_secret":"abc)", R"({"client_secret":"***)"},
        Row{"JsonUpperCase", R"({"Access_Token":"abc"})", R"({"Access_Token":"***"})"},
        Row{"JsonCamelCase", R"({"refreshToken":"abc"})", R"({"refreshToken":"***"})"},
        Row{"JsonEmpty", R"({"token":"","x":1})", R"({"token":"","x":1})"},
        Row{"Form", "user=a&password=b%20c&x=1", "user=a&password=***&x=1"}, Row{"FormFirst", "token=abc", "token=***"},
        Row{"ConnectionString", "host=db password='a b' user=u", "host=db password='***' user=u"},
        Row{"Prose", "invalid token: expired", "invalid token: expired"},
        Row{"ProsePassword", "password: hunter2 is weak", "password: *** is weak"},
        Row{"LongWordBehindToken", "token: 0123456789abcdef01", "token: ***"},
        Row{"OtherName", R"({"tokens_left":3,"passwords":"x"})", R"({"tokens_left":3,"passwords":"x"})"},
        Row{"NothingToMask", "GET /shop/items?page=2&b=1: 200 in 3ms", "GET /shop/items?page=2&b=1: 200 in 3ms"},
        Row{"Empty", "", ""}),
    row_name);

TEST(Redactor, MasksNothingUnknownWithoutSecrets) {
  std::string scratch;
  const std::string text = "an ordinary line about correct-horse-battery";
  const std::string_view same = Redactor().redact(text, scratch);
  EXPECT_EQ(same.data(), text.data());
  EXPECT_TRUE(scratch.empty());
}

TEST(Redactor, KnowsTheNamesOfSecretFields) {
  for (const std::string_view name : {"password", "NEW_PASSWORD", "Set-Cookie", "x-refresh-token", "Idempotency-Key"}) {
    EXPECT_TRUE(Redactor::is_secret_name(name)) << name;
  }
  for (const std::string_view name : {"path", "key", "token_kind", "", "passwords_checked"}) {
    EXPECT_FALSE(Redactor::is_secret_name(name)) << name;
  }
}

struct Hostile {
  std::string_view name;
  std::string_view unit;
};

class RedactorLinearTime : public ::testing::TestWithParam<Hostile> {};

// A rule that looked twice at everything behind it would need minutes here. The first size warms nothing that matters;
// the ratio, not the speed of the machine, is what is tested.
TEST_P(RedactorLinearTime, OnAMebibyteOfBait) {
  const Redactor redactor = with_known_secrets();
  const auto seconds = [&](std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += GetParam().unit;
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const std::string masked = redactor.redact(text);
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      EXPECT_LE(masked.size(), 2 * text.size());
    }
    return best;
  };
  const double small = seconds(1U << 16U);
  const double large = seconds(1U << 20U);
  // 16 times the text; quadratic would be 256 times.
  EXPECT_LT(large, 100 * small + 0.05);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RedactorLinearTime,
    ::testing::Values(Hostile{"Jwt", "eyJ"}, Hostile{"JwtTwoParts", "eyJa.eyJ b"}, Hostile{"RefreshToken", "xrt1."},
                      Hostile{"RefreshTokenRun", "rt1"}, Hostile{"Urls", "://"}, Hostile{"UrlsWithColons", "a://b:c/"},
                      Hostile{"Colons", ":"}, Hostile{"Names", "password:"}, Hostile{"NamesWithQuotes", "\"token\":\""},
                      Hostile{"Backslashes", "token:\\"}, Hostile{"Brackets", "token=[ "}, Hostile{"Bearer", "bearer "},
                      Hostile{"KnownPrefix", "correct-horse-batter"}, Hostile{"KnownSecret", "xyzzy "},
                      Hostile{"LongName", "password"}, Hostile{"Spaces", "token:                "},
                      Hostile{"SpacesAndColons", "        :"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace sallyport::log
