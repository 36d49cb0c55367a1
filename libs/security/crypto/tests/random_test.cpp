#include "sallyport/crypto/random.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace sallyport::crypto {
namespace {

TEST(RandomSecret, HasItsLengthAndIsNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto secret = random_secret(16);
    EXPECT_EQ(secret.expose().size(), 16U);
    EXPECT_TRUE(seen.emplace(secret.expose()).second);
  }
  EXPECT_TRUE(random_secret(0).empty());
}

TEST(SecureRandom, UsesAllByteValues) {
  SecureRandom random;
  std::set<std::uint8_t> seen;
  std::uint8_t bytes[64 * 256];
  random.fill(bytes);
  seen.insert(std::begin(bytes), std::end(bytes));
  EXPECT_EQ(seen.size(), 256U);
}

}  // namespace
}  // namespace sallyport::crypto
