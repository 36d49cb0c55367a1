#include "sallyport/secrets/key_text.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sallyport/crypto/encoding.hpp"

namespace sallyport::secrets {
namespace {

using ::testing::ElementsAre;

constexpr auto kOne =
    "mJ4Xr0vWq8Zk2Yd6Tn1Lc9Hb5Fs7Gp3Ue_-AoRiVwEy"
    "A";  // 33 bytes
constexpr auto kTwo = "nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqNbMs";
constexpr const char* kHint = "; `sallyport keys new` prints what belongs here";

std::string operator""_s(const char* text, std::size_t size) {
  return {text, size};
}

TEST(HmacRing, IssuesWithTheFirstAndKnowsAll) {
  const auto ring = parse_hmac_ring("new:"_s + kTwo + ",old-1_X:" + kOne);
  ASSERT_TRUE(ring);
  EXPECT_EQ(ring->current().kid, "new");
  EXPECT_EQ(ring->keys().size(), 2U);
  ASSERT_NE(ring->find("old-1_X"), nullptr);
  EXPECT_EQ(ring->find("old-1_X")->material.expose(), crypto::base64url_decode(kOne));
  EXPECT_EQ(format_hmac_ring(*ring).expose(), "new:"_s + kTwo + ",old-1_X:" + kOne);
}

TEST(TokenRing, HoldsBothAlgorithms) {
  const auto ring = parse_token_ring("a:EdDSA:"_s + kTwo + ",b:ES256:nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqNbMw");
  ASSERT_TRUE(ring);
  EXPECT_EQ(ring->current().key.algorithm(), crypto::SignatureAlgorithm::EdDSA);
  EXPECT_EQ(ring->find("b")->key.algorithm(), crypto::SignatureAlgorithm::ES256);
  EXPECT_EQ(format_token_ring(*ring).expose(),
            "a:EdDSA:"_s + kTwo + ",b:ES256:nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqNbMw");
}

TEST(HmacSecret, IsBareBase64Url) {
  EXPECT_EQ(parse_hmac_secret(kTwo)->expose().size(), 32U);
  EXPECT_EQ(format_hmac_secret(parse_hmac_secret(kTwo)->expose()).expose(), kTwo);
  EXPECT_THAT(parse_hmac_secret("changeme").error(), ElementsAre("is a known placeholder"));
  EXPECT_THAT(parse_hmac_secret("kid:"_s + kTwo).error(), ElementsAre("is not base64url without padding"_s + kHint));
}

struct Row {
  const char* name;
  std::string text;
  std::vector<std::string> faults;
};

TEST(HmacRing, NamesEveryFault) {
  const std::string bad_id = "has an id that is not 1 to 32 of A-Z a-z 0-9 _ -";
  const std::string no_id = "has no id before a colon"_s + kHint;
  const std::string not_base64 = "is not base64url without padding"_s + kHint;
  const Row rows[] = {
      {"placeholder", "changeme", {"is a known placeholder"}},
      {"placeholder as key", "k:changeme", {"key 1 is a known placeholder"}},
      {"no id", kTwo, {"key 1 " + no_id}},
      {"empty id", ":"_s + kTwo, {"key 1 " + bad_id}},
      {"dot in id", "a.b:"_s + kTwo, {"key 1 " + bad_id}},
      {"long id", std::string(33, 'k') + ":" + kTwo, {"key 1 " + bad_id}},
      {"trailing comma", "k:"_s + kTwo + ",", {"key 2 " + no_id}},
      {"blank after comma", "k:"_s + kTwo + ", l:" + kOne, {"key 2 " + bad_id}},
      {"padding", "k:"_s + kTwo + "=", {"key 1 " + not_base64}},
      {"standard alphabet", "k:nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqN+/M", {"key 1 " + not_base64}},
      {"second spelling", "k:nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqNbMt", {"key 1 " + not_base64}},
      {"short", "k:nB8sT3xQ6vK1jR9dW4hZ7w", {"key 1 has 16 bytes of key material; it needs at least 32"}},
      {"no key", "k:", {"key 1 has 0 bytes of key material; it needs at least 32"}},
      {"same id", "k:"_s + kOne + ",k:" + kTwo, {"keys 1 and 2 have the same id"}},
      {"same key", "k:"_s + kOne + ",l:" + kTwo + ",m:" + kOne, {"keys 1 and 3 are equal"}},
      {"many faults", "a b:changeme,"_s + kTwo, {"key 1 " + bad_id, "key 1 is a known placeholder", "key 2 " + no_id}},
      {"nine keys", "a,b,c,d,e,f,g,h,i", {"holds more than 8 keys"}},
      {"a flood of commas", std::string(65000, ','), {"holds more than 8 keys"}},
  };
  for (const auto& row : rows) {
    const auto ring = parse_hmac_ring(row.text);
    ASSERT_FALSE(ring) << row.name;
    EXPECT_EQ(ring.error(), row.faults) << row.name;
  }
}

TEST(TokenRing, NamesEveryFault) {
  const std::string form = "is not <kid>:EdDSA:<seed> or <kid>:ES256:<seed>"_s + kHint;
  const Row rows[] = {
      {"no algorithm", "k:"_s + kTwo, {"key 1 " + form}},
      {"no seed", "k:EdDSA", {"key 1 " + form}},
      {"wrong case", "k:eddsa:"_s + kTwo, {"key 1 " + form}},
      {"symmetric", "k:HS256:"_s + kTwo, {"key 1 " + form}},
      {"cannot sign", "k:RS256:"_s + kTwo, {"key 1 " + form}},
      {"33 bytes", "k:EdDSA:"_s + kOne, {"key 1 is unusable: a signing key has 32 bytes"}},
      {"scalar above the order",
       "k:ES256:_____4_______________v____________________8",
       {"key 1 has too few different bytes to be random"}},
      {"placeholder", "your-256-bit-secret", {"is a known placeholder"}},
      {"same seed, other algorithm", "k:EdDSA:"_s + kTwo + ",l:ES256:" + kTwo, {"keys 1 and 2 are equal"}},
  };
  for (const auto& row : rows) {
    const auto ring = parse_token_ring(row.text);
    ASSERT_FALSE(ring) << row.name;
    EXPECT_EQ(ring.error(), row.faults) << row.name;
  }
}

}  // namespace
}  // namespace sallyport::secrets
