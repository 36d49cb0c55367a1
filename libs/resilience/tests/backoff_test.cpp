#include "sallyport/resilience/backoff.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace sallyport::resilience {
namespace {

using std::chrono::milliseconds;

/// Every draw is the same bit pattern.
class ConstantRandom final : public Random {
 public:
  explicit ConstantRandom(std::uint8_t byte) : byte_(byte) {}
  void fill(std::span<std::uint8_t> out) noexcept override { std::memset(out.data(), byte_, out.size()); }

 private:
  std::uint8_t byte_;
};

TEST(Backoff, LongestWaitsDoubleUpToTheCap) {
  ConstantRandom highest(0xff);
  Backoff backoff(milliseconds(50), milliseconds(300));
  EXPECT_EQ(backoff.next(highest), milliseconds(50));
  EXPECT_EQ(backoff.next(highest), milliseconds(100));
  EXPECT_EQ(backoff.next(highest), milliseconds(200));
  EXPECT_EQ(backoff.next(highest), milliseconds(300));
  EXPECT_EQ(backoff.next(highest), milliseconds(300));
}

TEST(Backoff, ShortestWaitIsZeroAtEveryStep) {
  ConstantRandom lowest(0x00);
  Backoff backoff(milliseconds(50), milliseconds(300));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(backoff.next(lowest), milliseconds(0));
  EXPECT_EQ(backoff.ceiling(), milliseconds(300));
}

TEST(Backoff, ResetStartsWithAShortWaitAgain) {
  ConstantRandom highest(0xff);
  Backoff backoff(milliseconds(50), milliseconds(300));
  backoff.next(highest);
  backoff.next(highest);
  backoff.reset();
  EXPECT_EQ(backoff.next(highest), milliseconds(50));
}

TEST(Backoff, WaitsSpreadOverTheWholeRange) {
  FastRandom random(7);
  milliseconds sum{0};
  for (int i = 0; i < 2000; ++i) {
    Backoff backoff(milliseconds(1000), milliseconds(1000));
    const milliseconds wait = backoff.next(random);
    ASSERT_GE(wait, milliseconds(0));
    ASSERT_LE(wait, milliseconds(1000));
    sum += wait;
  }
  EXPECT_NEAR(static_cast<double>(sum.count()) / 2000.0, 500.0, 25.0);
}

TEST(Backoff, HugeCapDoesNotOverflow) {
  ConstantRandom lowest(0x00);
  Backoff backoff(milliseconds(1), milliseconds::max());
  for (int i = 0; i < 80; ++i) backoff.next(lowest);
  EXPECT_EQ(backoff.ceiling(), milliseconds::max());
}

}  // namespace
}  // namespace sallyport::resilience
