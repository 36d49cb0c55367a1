#include "siphash.hpp"

#include <gtest/gtest.h>

namespace sallyport::rate_limit {
namespace {

// The key 00 01 … 0f, and the first lines of vectors_sip128 of the authors' reference code.
constexpr SipKey kKey{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

TEST(SipHash, AgreesWithTheReferenceOnNothing) {
  const Hash128 hash = siphash128<2, 4>(kKey, "");
  EXPECT_EQ(hash.low, 0xe6a825ba047f81a3U);
  EXPECT_EQ(hash.high, 0x930255c71472f66dU);
}

TEST(SipHash, AgreesWithTheReferenceOnOneByte) {
  const Hash128 hash = siphash128<2, 4>(kKey, std::string_view("\0", 1));
  EXPECT_EQ(hash.low, 0x44af996bd8c187daU);
  EXPECT_EQ(hash.high, 0x45fc229b11597634U);
}

TEST(SipHash, EveryByteAndTheLengthCount) {
  const std::string text(64, 'a');
  for (std::size_t n = 0; n < text.size(); ++n) {
    const std::string_view shorter(text.data(), n);
    EXPECT_NE(siphash128(kKey, shorter), siphash128(kKey, std::string_view(text.data(), n + 1))) << n;
    std::string changed(text);
    changed[n] = 'b';
    EXPECT_NE(siphash128(kKey, text), siphash128(kKey, changed)) << n;
  }
}

TEST(SipHash, KeyCounts) {
  EXPECT_NE(siphash128({1, 2}, "x"), siphash128({1, 3}, "x"));
}

}  // namespace
}  // namespace sallyport::rate_limit
