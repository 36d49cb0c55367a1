#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "bytes_testing.hpp"
#include "sallyport/crypto/signing_key.hpp"

namespace sallyport::crypto {
namespace {

using testing::unhex;

constexpr auto kX = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
constexpr auto kY = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

bool es256_verifies(std::string_view message, std::string_view signature_hex) {
  const auto key = PublicKey::p256(bytes_of(unhex(kX)), bytes_of(unhex(kY))).value();
  return key.verify(bytes_of(message), bytes_of(unhex(signature_hex)));
}

TEST(PublicKey, VerifiesTheSignaturesOfRfc6979) {
  const std::string sample =
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";
  EXPECT_TRUE(es256_verifies("sample", sample));
  EXPECT_TRUE(es256_verifies("test",
                             "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367"
                             "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"));
  EXPECT_FALSE(es256_verifies("test", sample));
}

// CVE-2022-21449: an implementation that forgot these checks took them as good for every message.
TEST(PublicKey, RefusesTheBlankAndBorderlineSignaturesOfEcdsa) {
  const std::string zero(64, '0');
  const std::string one = std::string(63, '0') + "1";
  const std::string order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  for (const auto& r : {zero, one, order}) {
    for (const auto& s : {zero, one, order}) EXPECT_FALSE(es256_verifies("sample", r + s)) << r << ' ' << s;
  }
}

// The DER form of a valid signature is not how JOSE carries it.
TEST(PublicKey, RefusesEcdsaInDer) {
  EXPECT_FALSE(es256_verifies("sample",
                              "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
                              "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"));
}

// Adding the group order to S gives a second signature for the same message; RFC 8032 section 5.1.7 demands S < L.
TEST(PublicKey, RefusesTheMalleableTwinOfAnEd25519Signature) {
  const auto key =
      PublicKey::ed25519(bytes_of(unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))).value();
  const std::string good = unhex(
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
      "b00d"
      "291612bb0c00");
  const std::string order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  ASSERT_TRUE(key.verify(bytes_of("\x72"), bytes_of(good)));
  std::string twin = good;
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const unsigned sum = static_cast<unsigned char>(twin[32 + i]) + static_cast<unsigned char>(order[i]) + carry;
    twin[32 + i] = static_cast<char>(sum & 0xffU);
    carry = sum >> 8U;
  }
  EXPECT_FALSE(key.verify(bytes_of("\x72"), bytes_of(twin)));
}

TEST(PublicKey, RefusesPointsThatAreNotOnTheCurve) {
  std::string y = unhex(kY);
  y.back() = static_cast<char>(y.back() ^ 1);
  EXPECT_FALSE(PublicKey::p256(bytes_of(unhex(kX)), bytes_of(y)));
  EXPECT_FALSE(PublicKey::p256(bytes_of(std::string(32, '\0')), bytes_of(std::string(32, '\0'))));
  EXPECT_FALSE(PublicKey::p256(bytes_of(std::string(32, '\xff')), bytes_of(unhex(kY))));
  EXPECT_FALSE(PublicKey::p256(bytes_of(unhex(kX)).first(31), bytes_of(unhex(kY))));
  EXPECT_FALSE(PublicKey::p256(bytes_of(unhex(kX)), {}));
  EXPECT_FALSE(PublicKey::ed25519(bytes_of(std::string(31, 'x'))));
  EXPECT_FALSE(PublicKey::ed25519(bytes_of(std::string(33, 'x'))));
  EXPECT_EQ(ERR_peek_error(), 0U) << "a failure was left in OpenSSL's queue";
}

/// An RSA key of the test's own; the library has none that signs.
class RsaSigner {
 public:
  explicit RsaSigner(unsigned bits) : key_(EVP_RSA_gen(bits), EVP_PKEY_free) {}

  std::string number(const char* name) const {
    BIGNUM* n = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), name, &n);
    std::string out(static_cast<std::size_t>(BN_num_bytes(n)), '\0');
    BN_bn2bin(n, reinterpret_cast<unsigned char*>(out.data()));
    BN_free(n);
    return out;
  }
  std::string modulus() const { return number(OSSL_PKEY_PARAM_RSA_N); }
  std::string exponent() const { return number(OSSL_PKEY_PARAM_RSA_E); }

  std::string sign(std::string_view message, const char* digest = "SHA256", int padding = RSA_PKCS1_PADDING) const {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_PKEY_CTX* options = nullptr;
    EVP_DigestSignInit_ex(context, &options, digest, nullptr, nullptr, key_.get(), nullptr);
    EVP_PKEY_CTX_set_rsa_padding(options, padding);
    std::string out(1024, '\0');
    std::size_t size = out.size();
    const auto bytes = bytes_of(message);
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size, bytes.data(), bytes.size());
    EVP_MD_CTX_free(context);
    out.resize(size);
    return out;
  }

 private:
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
};

TEST(PublicKey, VerifiesRs256AndNothingNearIt) {
  const RsaSigner signer(2048);
  const auto key = PublicKey::rsa(bytes_of(signer.modulus()), bytes_of(signer.exponent())).value();
  EXPECT_EQ(key.algorithm(), SignatureAlgorithm::RS256);
  const std::string good = signer.sign("message");
  EXPECT_TRUE(key.verify(bytes_of("message"), bytes_of(good)));
  EXPECT_FALSE(key.verify(bytes_of("other"), bytes_of(good)));
  EXPECT_FALSE(key.verify(bytes_of("message"), bytes_of(good).first(255)));
  EXPECT_FALSE(key.verify(bytes_of("message"), bytes_of('\0' + good)));
  EXPECT_FALSE(key.verify(bytes_of("message"), {}));
  EXPECT_FALSE(key.verify(bytes_of("message"), bytes_of(signer.sign("message", "SHA512"))));
  EXPECT_FALSE(key.verify(bytes_of("message"), bytes_of(signer.sign("message", "SHA1"))));
  EXPECT_FALSE(key.verify(bytes_of("message"), bytes_of(signer.sign("message", "SHA256", RSA_PKCS1_PSS_PADDING))));
  EXPECT_EQ(ERR_peek_error(), 0U) << "a failure was left in OpenSSL's queue";
}

TEST(PublicKey, RefusesRsaKeysThatAreWeakOrCostly) {
  const std::string good_modulus = RsaSigner(2048).modulus();
  const std::string exponent("\x01\x00\x01", 3);
  ASSERT_TRUE(PublicKey::rsa(bytes_of(good_modulus), bytes_of(exponent)));
  EXPECT_TRUE(PublicKey::rsa(bytes_of(good_modulus), bytes_of("\x03")));

  std::string even = good_modulus;
  even.back() = static_cast<char>(even.back() & 0xfe);
  std::string huge(8192 / 8 + 1, '\xff');
  const struct {
    const char* name;
    std::string modulus, exponent;
  } rows[] = {
      {"2047 bits", "\x7f" + std::string(255, '\xff'), exponent},
      {"1024 bits", std::string(128, '\xff'), exponent},
      {"8200 bits", huge, exponent},
      {"even modulus", even, exponent},
      {"leading zero", '\0' + good_modulus, exponent},
      {"no modulus", "", exponent},
      {"exponent 1", good_modulus, "\x01"},
      {"even exponent", good_modulus, "\x04"},
      {"no exponent", good_modulus, ""},
      {"exponent of 40 bits", good_modulus, std::string(5, '\x01')},
      {"exponent with leading zero", good_modulus, std::string("\0\x03", 2)},
  };
  for (const auto& row : rows) EXPECT_FALSE(PublicKey::rsa(bytes_of(row.modulus), bytes_of(row.exponent))) << row.name;
}

TEST(SignatureAlgorithm, HasExactNames) {
  for (const auto algorithm : {SignatureAlgorithm::EdDSA, SignatureAlgorithm::ES256, SignatureAlgorithm::RS256})
    EXPECT_EQ(parse_signature_algorithm(name_of(algorithm)), algorithm);
  for (const auto* name : {"", "none", "HS256", "eddsa", "EdDSA ", "ES256K", "PS256", "RS512"})
    EXPECT_EQ(parse_signature_algorithm(name), std::nullopt) << name;
}

}  // namespace
}  // namespace sallyport::crypto
