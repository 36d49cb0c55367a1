#include "sallyport/crypto/digest.hpp"

#include <string>

#include <gtest/gtest.h>

#include "bytes_testing.hpp"

namespace sallyport::crypto {
namespace {

using testing::hex;
using testing::unhex;

struct Sha256Row {
  const char* name;
  std::string message;
  const char* expected;
};

TEST(Sha256, GivesTheHashesOfFips180) {
  const Sha256Row rows[] = {
      {"empty", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"one block", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"a million", std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const auto& row : rows) EXPECT_EQ(hex(sha256(bytes_of(row.message))), row.expected) << row.name;
}

struct HmacRow {
  const char* name;
  std::string key, message;
  const char* expected;
};

TEST(HmacSha256, GivesTheTagsOfRfc4231) {
  const HmacRow rows[] = {
      {"case 1", std::string(20, '\x0b'), "Hi There",
       "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"case 2", "Jefe", "what do ya want for nothing?",
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {"case 3", std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {"case 4", unhex("0102030405060708090a0b0c0d0e0f10111213141516171819"), std::string(50, '\xcd'),
       "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
      {"case 6, long key", std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
      {"case 7, long key and data", std::string(131, '\xaa'),
       "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
       "hashed "
       "before being used by the HMAC algorithm.",
       "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
      {"empty key", "", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"},
  };
  for (const auto& row : rows)
    EXPECT_EQ(hex(hmac_sha256(bytes_of(row.key), bytes_of(row.message))), row.expected) << row.name;
}

TEST(HmacSha256, RemembersNothingOfTheCallBefore) {
  const auto first = hmac_sha256(bytes_of("one key"), bytes_of("message"));
  EXPECT_NE(hmac_sha256(bytes_of(""), bytes_of("message")), first);
  EXPECT_EQ(hmac_sha256(bytes_of("one key"), bytes_of("message")), first);
}

struct HkdfRow {
  const char* name;
  std::string key, salt, info;
  std::size_t bytes;
  const char* expected;
};

TEST(HkdfSha256, GivesTheKeysOfRfc5869) {
  const std::string key(22, '\x0b');
  const HkdfRow rows[] = {
      {"case 1", key, unhex("000102030405060708090a0b0c"), unhex("f0f1f2f3f4f5f6f7f8f9"), 42,
       "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"},
      {"case 3, no salt, no info", key, "", "", 42,
       "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"},
      {"case 3, shorter", key, "", "", 1, "8d"},
  };
  for (const auto& row : rows) {
    const auto made = hkdf_sha256(bytes_of(row.key), bytes_of(row.salt), bytes_of(row.info), row.bytes);
    EXPECT_EQ(hex(bytes_of(made.expose())), row.expected) << row.name;
  }
}

TEST(HkdfSha256, ReachesItsLongestOutput) {
  EXPECT_EQ(hkdf_sha256(bytes_of("key"), {}, {}, 8160).expose().size(), 8160U);
  EXPECT_DEATH(hkdf_sha256(bytes_of("key"), {}, {}, 8161), "broken invariant");
}

TEST(ConstantTimeEqual, ComparesEveryByteAndTheLength) {
  EXPECT_TRUE(constant_time_equal(bytes_of("same"), bytes_of("same")));
  EXPECT_TRUE(constant_time_equal({}, {}));
  EXPECT_FALSE(constant_time_equal(bytes_of("same"), bytes_of("sama")));
  EXPECT_FALSE(constant_time_equal(bytes_of("same"), bytes_of("Same")));
  EXPECT_FALSE(constant_time_equal(bytes_of("same"), bytes_of("sam")));
  EXPECT_FALSE(constant_time_equal({}, bytes_of("s")));
}

}  // namespace
}  // namespace sallyport::crypto
