#include "sallyport/crypto/signing_key.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "bytes_testing.hpp"
#include "sallyport/crypto/key_ring.hpp"

namespace sallyport::crypto {
namespace {

using testing::hex;
using testing::unhex;

SigningKey key_of(SignatureAlgorithm algorithm, std::string_view seed_hex) {
  return SigningKey::from_seed(algorithm, bytes_of(unhex(seed_hex))).value();
}

struct Rfc8032Row {
  const char* name;
  const char *seed, *public_key, *message, *signature;
};

TEST(SigningKey, SignsTheVectorsOfRfc8032) {
  const Rfc8032Row rows[] = {
      {"test 1", "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2"
       "46551"
       "41438e7a100b"},
      {"test 2", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302ae"
       "eb00d"
       "291612bb0c00"},
      {"test 3", "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28"
       "dc027"
       "beceea1ec40a"},
  };
  for (const auto& row : rows) {
    const auto key = key_of(SignatureAlgorithm::EdDSA, row.seed);
    const std::string message = unhex(row.message);
    EXPECT_EQ(hex(bytes_of(key.public_key().x())), row.public_key) << row.name;
    EXPECT_EQ(key.public_key().y(), "") << row.name;
    EXPECT_EQ(hex(key.sign(bytes_of(message))), row.signature) << row.name;
    EXPECT_TRUE(key.public_key().verify(bytes_of(message), key.sign(bytes_of(message)))) << row.name;
  }
}

// RFC 6979 A.2.5; OpenSSL draws its own nonce, so the signatures themselves are checked in public_key_test.
TEST(SigningKey, DerivesThePublicPointOfRfc6979) {
  const auto key =
      key_of(SignatureAlgorithm::ES256, "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
  EXPECT_EQ(hex(bytes_of(key.public_key().x())), "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6");
  EXPECT_EQ(hex(bytes_of(key.public_key().y())), "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
}

class EachSigningAlgorithm : public ::testing::TestWithParam<SignatureAlgorithm> {};
INSTANTIATE_TEST_SUITE_P(SigningKey, EachSigningAlgorithm,
                         ::testing::Values(SignatureAlgorithm::EdDSA, SignatureAlgorithm::ES256),
                         [](const auto& row) { return std::string(name_of(row.param)); });

TEST_P(EachSigningAlgorithm, MakesKeysThatDifferAndSign) {
  const auto key = SigningKey::generate(GetParam());
  const auto other = SigningKey::generate(GetParam());
  EXPECT_EQ(key.algorithm(), GetParam());
  EXPECT_NE(key.public_key().x(), other.public_key().x());
  // Enough rounds that an r or s with a leading zero byte, shorter in DER, is among them.
  for (int i = 0; i < 600; ++i) {
    const std::string message = "message " + std::to_string(i);
    const auto signature = key.sign(bytes_of(message));
    ASSERT_TRUE(key.public_key().verify(bytes_of(message), signature));
    ASSERT_FALSE(other.public_key().verify(bytes_of(message), signature));
  }
}

TEST_P(EachSigningAlgorithm, RefusesEveryChangedBitAndLength) {
  const auto key = SigningKey::generate(GetParam());
  const std::string message = "transfer 10 to alice";
  const auto signature = key.sign(bytes_of(message));
  for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
    auto changed = signature;
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << (bit % 8)));
    ASSERT_FALSE(key.public_key().verify(bytes_of(message), changed)) << bit;
  }
  EXPECT_FALSE(key.public_key().verify(bytes_of("transfer 99 to alice"), signature));
  EXPECT_FALSE(key.public_key().verify(bytes_of(message), {}));
  EXPECT_FALSE(key.public_key().verify(bytes_of(message), ByteView(signature).first(63)));
  std::string longer(text_of(signature));
  longer += '\0';
  EXPECT_FALSE(key.public_key().verify(bytes_of(message), bytes_of(longer)));
}

TEST_P(EachSigningAlgorithm, ComesBackFromSeedAndPkcs8) {
  const auto key = SigningKey::generate(GetParam());
  const auto from_seed = SigningKey::from_seed(GetParam(), bytes_of(key.seed().expose()));
  const auto from_pkcs8 = SigningKey::from_pkcs8(bytes_of(key.pkcs8().expose()));
  ASSERT_TRUE(from_seed && from_pkcs8);
  for (const auto* again : {&*from_seed, &*from_pkcs8}) {
    EXPECT_EQ(again->algorithm(), GetParam());
    EXPECT_EQ(again->public_key().x(), key.public_key().x());
    EXPECT_EQ(again->public_key().y(), key.public_key().y());
    EXPECT_TRUE(key.public_key().verify(bytes_of("m"), again->sign(bytes_of("m"))));
  }
}

TEST_P(EachSigningAlgorithm, RefusesBrokenPkcs8) {
  const std::string der(SigningKey::generate(GetParam()).pkcs8().expose());
  EXPECT_FALSE(SigningKey::from_pkcs8(bytes_of(der + '\0'))) << "something behind it";
  for (std::size_t size = 0; size < der.size(); ++size)
    EXPECT_FALSE(SigningKey::from_pkcs8(bytes_of(der).first(size))) << size;
  EXPECT_FALSE(SigningKey::from_pkcs8(bytes_of(std::string(5000, '\x30'))));
  EXPECT_EQ(ERR_peek_error(), 0U) << "a failure was left in OpenSSL's queue";
}

TEST_P(EachSigningAlgorithm, SignsOnManyThreadsAtOnce) {
  const auto key = SigningKey::generate(GetParam());
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) good += key.public_key().verify(bytes_of("m"), key.sign(bytes_of("m"))) ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(good, 200);
}

TEST(SigningKey, RefusesSeedsThatAreNone) {
  const std::string order = unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  EXPECT_FALSE(SigningKey::from_seed(SignatureAlgorithm::ES256, bytes_of(std::string(32, '\0'))));
  EXPECT_FALSE(SigningKey::from_seed(SignatureAlgorithm::ES256, bytes_of(order)));
  EXPECT_FALSE(SigningKey::from_seed(SignatureAlgorithm::ES256, bytes_of(std::string(32, '\xff'))));
  std::string largest = order;
  --largest.back();
  EXPECT_TRUE(SigningKey::from_seed(SignatureAlgorithm::ES256, bytes_of(largest)));
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    EXPECT_FALSE(SigningKey::from_seed(SignatureAlgorithm::EdDSA, bytes_of(std::string(size, 'k')))) << size;
    EXPECT_FALSE(SigningKey::from_seed(SignatureAlgorithm::ES256, bytes_of(std::string(size, 'k')))) << size;
  }
  EXPECT_FALSE(SigningKey::from_seed(SignatureAlgorithm::RS256, bytes_of(std::string(32, 'k'))));
}

// A P-384 key: as PKCS#8 as any, but not one of ours.
TEST(SigningKey, RefusesPkcs8OfAnotherCurve) {
  EVP_PKEY* const key = EVP_EC_gen("P-384");
  PKCS8_PRIV_KEY_INFO* const info = EVP_PKEY2PKCS8(key);
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
  ASSERT_GT(size, 0);
  const auto made = SigningKey::from_pkcs8({der, static_cast<std::size_t>(size)});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().detail, "neither an Ed25519 nor a P-256 key");
  OPENSSL_free(der);
  PKCS8_PRIV_KEY_INFO_free(info);
  EVP_PKEY_free(key);
}

TEST(KeyRing, SignsWithTheFirstAndFindsAll) {
  const HmacKeyRing ring({{"new", Secret<std::string>("a")}, {"old", Secret<std::string>("b")}});
  EXPECT_EQ(ring.current().kid, "new");
  ASSERT_NE(ring.find("old"), nullptr);
  EXPECT_EQ(ring.find("old")->material.expose(), "b");
  for (const auto* kid : {"", "ol", "OLD", "old "}) EXPECT_EQ(ring.find(kid), nullptr) << kid;
}

TEST(KeyRing, NeverHoldsAnAmbiguousOrNamelessKey) {
  EXPECT_DEATH(HmacKeyRing({}), "broken invariant");
  EXPECT_DEATH(HmacKeyRing({{"a", {}}, {"a", {}}}), "broken invariant");
  EXPECT_DEATH(HmacKeyRing({{"a.b", {}}}), "broken invariant");
}

}  // namespace
}  // namespace sallyport::crypto
