#include "sallyport/tokens/refresh_token.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "refresh_match.hpp"
#include "sallyport/crypto/digest.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "sallyport/crypto/random.hpp"

namespace sallyport::tokens {
namespace {

class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) noexcept override {
    for (std::uint8_t& byte : out) byte = next_++;
  }

 private:
  std::uint8_t next_ = 0;
};

crypto::HmacKey key(std::string kid, char fill) {
  return {std::move(kid), Secret<std::string>(std::string(32, fill))};
}
crypto::HmacKeyRing ring() {
  return crypto::HmacKeyRing({key("r2", 'b'), key("r1", 'a')});
}

TEST(RefreshToken, IsTheMacOfTheNonceUnderTheCurrentKey) {
  CountingRandom random;
  const auto issued = issue_refresh_token(ring(), random);
  std::string nonce;
  for (char i = 0; i < 32; ++i) nonce.push_back(i);
  const auto mac = crypto::hmac_sha256(crypto::bytes_of(std::string(32, 'b')), crypto::bytes_of(nonce));
  EXPECT_EQ(issued.token.expose(), "rt1.r2." + crypto::base64url_encode(mac));
  EXPECT_EQ(issued.record.kid, "r2");
  EXPECT_EQ(issued.record.nonce, "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(issued.record.token_hash, crypto::hex_encode(crypto::sha256(crypto::bytes_of(issued.token.expose()))));
}

TEST(RefreshToken, NeverComesTwice) {
  crypto::SecureRandom random;
  std::set<std::string> hashes;
  for (int i = 0; i < 1000; ++i) hashes.insert(issue_refresh_token(ring(), random).record.token_hash);
  EXPECT_EQ(hashes.size(), 1000U);
}

TEST(RefreshToken, CanBeDerivedAgainWhileItsKeyIsLoaded) {
  crypto::SecureRandom random;
  const auto issued = issue_refresh_token(ring(), random);
  const auto again = derive_refresh_token(ring(), issued.record);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->expose(), issued.token.expose());
  const crypto::HmacKeyRing moved({key("r3", 'c'), key("r2", 'b')});
  EXPECT_TRUE(derive_refresh_token(moved, issued.record).has_value());
  EXPECT_FALSE(derive_refresh_token(crypto::HmacKeyRing({key("r3", 'c')}), issued.record).has_value());
}

TEST(RefreshToken, IsNotDerivedFromARecordThatDoesNotFit) {
  crypto::SecureRandom random;
  const auto issued = issue_refresh_token(ring(), random);
  EXPECT_FALSE(derive_refresh_token(crypto::HmacKeyRing({key("r2", 'x')}), issued.record).has_value());
  auto record = issued.record;
  record.nonce.pop_back();
  EXPECT_FALSE(derive_refresh_token(ring(), record).has_value());
  record.nonce = issued.record.nonce + "00";
  EXPECT_FALSE(derive_refresh_token(ring(), record).has_value());
  record.nonce = std::string(64, 'g');
  EXPECT_FALSE(derive_refresh_token(ring(), record).has_value());
  record = issued.record;
  record.token_hash = "";
  EXPECT_FALSE(derive_refresh_token(ring(), record).has_value());
}

TEST(RefreshToken, PresentedMatchesItsRecordOnly) {
  crypto::SecureRandom random;
  const auto mine = issue_refresh_token(ring(), random), other = issue_refresh_token(ring(), random);
  const auto presented = parse_refresh_token(mine.token.expose());
  ASSERT_TRUE(presented.has_value());
  EXPECT_EQ(presented->kid, "r2");
  EXPECT_EQ(presented->token_hash, mine.record.token_hash);
  EXPECT_TRUE(matches(ring(), mine.record, *presented));
  EXPECT_FALSE(matches(ring(), other.record, *presented));
  EXPECT_FALSE(matches(crypto::HmacKeyRing({key("r1", 'a')}), mine.record, *presented));
  EXPECT_FALSE(matches(crypto::HmacKeyRing({key("r2", 'x')}), mine.record, *presented));
}

TEST(RefreshToken, NeedsBothHashAndMac) {
  crypto::SecureRandom random;
  const auto mine = issue_refresh_token(ring(), random), other = issue_refresh_token(ring(), random);
  const auto presented = parse_refresh_token(mine.token.expose()).value();
  auto record = mine.record;
  record.token_hash = other.record.token_hash;  // right MAC, wrong hash
  EXPECT_FALSE(matches(ring(), record, presented));
  record = mine.record;
  record.nonce = other.record.nonce;  // right hash, wrong MAC: whoever can write hashes cannot make a token
  EXPECT_FALSE(matches(ring(), record, presented));
  record = mine.record;
  record.kid = "r1";
  EXPECT_FALSE(matches(ring(), record, presented));
}

TEST(RefreshToken, ComparesBothAlwaysAndWithTheGivenFunction) {
  const std::string a(32, 'a'), b(32, 'b');
  const auto calls_for = [](std::string_view hash, std::string_view mac) {
    int calls = 0;
    const std::string right(32, 'a');
    const bool same = both_equal(crypto::bytes_of(right), crypto::bytes_of(hash), crypto::bytes_of(right),
                                 crypto::bytes_of(mac), [&calls](crypto::ByteView x, crypto::ByteView y) {
                                   ++calls;
                                   return crypto::constant_time_equal(x, y);
                                 });
    return std::pair(same, calls);
  };
  EXPECT_EQ(calls_for(a, a), std::pair(true, 2));
  EXPECT_EQ(calls_for(b, a), std::pair(false, 2));
  EXPECT_EQ(calls_for(a, b), std::pair(false, 2));
  EXPECT_EQ(calls_for(b, b), std::pair(false, 2));
}

struct Shape {
  const char* name;
  std::string token;
};

TEST(RefreshToken, OfAnotherShapeIsMalformed) {
  const std::string mac = crypto::base64url_encode(crypto::bytes_of(std::string(32, 'm')));
  ASSERT_EQ(mac.size(), 43U);
  ASSERT_TRUE(parse_refresh_token("rt1.k." + mac).has_value());
  ASSERT_TRUE(parse_refresh_token("rt1." + std::string(32, 'k') + "." + mac).has_value());
  std::string unused_bits = mac;
  ++unused_bits.back();
  const std::vector<Shape> rows{
      {"empty", ""},
      {"prefix only", "rt1."},
      {"no kid", "rt1.." + mac},
      {"no second dot", "rt1.k" + mac},
      {"kid too long", "rt1." + std::string(33, 'k') + "." + mac},
      {"kid with a dot", "rt1.k.k." + mac},
      {"kid with a quote", "rt1.k'--." + mac},
      {"kid with a NUL", std::string("rt1.k\0.", 7) + mac},
      {"another version", "rt2.k." + mac},
      {"prefix in capitals", "RT1.k." + mac},
      {"padded", "rt1.k." + mac + "="},
      {"short mac", "rt1.k." + mac.substr(1)},
      {"long mac", "rt1.k." + mac + "A"},
      {"standard alphabet", "rt1.k." + std::string(42, '+') + "A"},
      {"unused bits set", "rt1.k." + unused_bits},
      {"space in front", " rt1.k." + mac},
      {"newline behind", "rt1.k." + mac + "\n"},
      {"a megabyte", "rt1." + std::string(1U << 20U, 'k') + "." + mac},
      {"an access token", "eyJ0eXAiOiJhdCtqd3QifQ.e30." + mac},
  };
  for (const Shape& row : rows) EXPECT_FALSE(parse_refresh_token(row.token).has_value()) << row.name;
}

TEST(RefreshToken, HashIsOfTheWholeToken) {
  const std::string mac = crypto::base64url_encode(crypto::bytes_of(std::string(32, 'm')));
  EXPECT_NE(parse_refresh_token("rt1.k1." + mac)->token_hash, parse_refresh_token("rt1.k2." + mac)->token_hash);
  EXPECT_EQ(parse_refresh_token("rt1.k1." + mac)->token_hash, parse_refresh_token("rt1.k1." + mac)->token_hash);
}

TEST(IdempotencyKey, HasTwentyTwoToTwoHundredFiftyFiveVisibleCharacters) {
  const auto error = [](const std::string& text) { return check_idempotency_key(text).error(); };
  EXPECT_TRUE(check_idempotency_key(std::string(22, '!')).has_value());
  EXPECT_TRUE(check_idempotency_key(std::string(255, '~')).has_value());
  EXPECT_EQ(error(""), IdempotencyKeyError::TooShort);
  EXPECT_EQ(error(std::string(21, 'x')), IdempotencyKeyError::TooShort);
  EXPECT_EQ(error(std::string(256, 'x')), IdempotencyKeyError::TooLong);
  for (const char bad : {' ', '\t', '\n', '\0', '\x7f', '\x80', '\xff'}) {
    EXPECT_EQ(error(std::string(30, 'x') + bad), IdempotencyKeyError::BadCharacter) << static_cast<int>(bad);
  }
}

TEST(RetryKeyHash, BindsKeyAndToken) {
  const std::string hash_a(64, 'a'), hash_b(64, 'b');
  EXPECT_EQ(retry_key_hash(hash_a, "key"), retry_key_hash(hash_a, "key"));
  EXPECT_NE(retry_key_hash(hash_a, "key"), retry_key_hash(hash_b, "key"));
  EXPECT_NE(retry_key_hash(hash_a, "key"), retry_key_hash(hash_a, "kez"));
  EXPECT_EQ(retry_key_hash(hash_a, "key"), crypto::hex_encode(crypto::sha256(crypto::bytes_of(hash_a + "key"))));
}

}  // namespace
}  // namespace sallyport::tokens
