#include "sallyport/secrets/secret_rules.hpp"

#include <string>

#include <gtest/gtest.h>

#include "sallyport/core/random.hpp"
#include "sallyport/crypto/encoding.hpp"

namespace sallyport::secrets {
namespace {

constexpr auto kRandomText = "mJ4Xr0vWq8Zk2Yd6Tn1Lc9Hb5Fs7Gp3Ue_-AoRiVwEw";

struct Row {
  const char* name;
  std::string text;
  std::optional<std::string> rule;
};

TEST(PredictableText, FindsWhatPeopleLeaveInPlace) {
  const std::string placeholder = "is a known placeholder";
  const std::string contains = "contains a known placeholder";
  const std::string repeats = "repeats one piece";
  const std::string runs = "is a run of consecutive characters";
  const Row rows[] = {
      {"secret", "secret", placeholder},
      {"upper case", "SECRET", placeholder},
      {"changeme", "ChangeMe", placeholder},
      {"with signs", "change_me!", placeholder},
      {"password", "password", placeholder},
      {"jwt.io", "your-256-bit-secret", placeholder},
      {"test", "test", placeholder},
      {"example", "example", placeholder},
      {"a sentence", "this-is-my-super-secret-key-for-the-gateway-0", contains},
      {"in the middle", "mJ4Xr0vWq8Zk2Yd6PASSWORDTn1Lc9Hb5Fs7Gp3Ue", contains},
      {"one letter", std::string(43, 'a'), repeats},
      {"two letters", "abababababababababababababababababababababa", repeats},
      {"a long piece", "q7Zk2Yd6q7Zk2Yd6q7Zk2Yd6q7Zk2Yd6q7Zk2Yd6q7Z", repeats},
      {"counting up", "#$%&'()*+,-./", runs},
      {"counting down", "zyxwvutsrqponmlkjihg", runs},
      {"a keyboard's digits", "0123456789", contains},
      {"random", kRandomText, std::nullopt},
      {"hex", "8f3a0c5de17b29644b0e9d7721c6f85a3d90be1274f5a86cd2370b49e1c85f06", std::nullopt},
      {"a piece three times", "q7Zk2Yd6Xw1q7Zk2Yd6Xw1q7Zk2Yd6Xw1", std::nullopt},
  };
  for (const auto& row : rows) EXPECT_EQ(predictable_text(row.text), row.rule) << row.name;
}

TEST(PredictableText, IsQuickOnTheLargestText) {
  std::string text(65535, 'a');
  text.insert(text.size() / 2, "b");
  EXPECT_EQ(predictable_text(text), std::nullopt);
}

TEST(WeakKeyMaterial, WantsThirtyTwoBytesThatVary) {
  const std::string good(crypto::base64url_decode(kRandomText).value());
  EXPECT_EQ(weak_key_material(good), std::nullopt);
  EXPECT_EQ(weak_key_material(good.substr(0, 31)), "has 31 bytes of key material; it needs at least 32");
  EXPECT_EQ(weak_key_material(""), "has 0 bytes of key material; it needs at least 32");
  EXPECT_EQ(weak_key_material(std::string(32, '\0')), "has too few different bytes to be random");
  EXPECT_EQ(weak_key_material("abcdefgh" + std::string(24, 'a')), "contains a known placeholder");
  std::string counting(32, '\0');
  for (std::size_t i = 0; i < counting.size(); ++i) counting[i] = static_cast<char>(i);
  EXPECT_EQ(weak_key_material(counting), "is a run of consecutive characters");
  EXPECT_EQ(weak_key_material("q7Zk2Yd6q7Zk2Yd6q7Zk2Yd6q7Zk2Yd6"), "repeats one piece");
}

TEST(WeakKeyMaterial, LetsRandomKeysThrough) {
  FastRandom random(11);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(32, '\0');
    random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    ASSERT_EQ(weak_key_material(bytes), std::nullopt) << i;
    ASSERT_EQ(predictable_text(crypto::base64url_encode(crypto::bytes_of(bytes))), std::nullopt) << i;
  }
}

}  // namespace
}  // namespace sallyport::secrets
