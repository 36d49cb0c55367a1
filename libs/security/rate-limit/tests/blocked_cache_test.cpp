#include "sallyport/rate_limit/blocked_cache.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::rate_limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class BlockedCacheTest : public testing::Test {
 protected:
  FastRandom random_{5};
  BlockedCache cache_{4, random_};
  SteadyTime now_{std::chrono::hours(1)};
};

TEST_F(BlockedCacheTest, BlocksUntilTheRetryAfterCountedFromSending) {
  cache_.block("k", 1, 0, now_, milliseconds(300));
  EXPECT_TRUE(cache_.find("k", 1, now_ + milliseconds(299)).has_value());
  EXPECT_FALSE(cache_.find("k", 1, now_ + milliseconds(300)).has_value());
  EXPECT_TRUE(cache_.empty()) << "what is over is dropped";
}

TEST_F(BlockedCacheTest, ForgetsAfterFiveSecondsButKnowsTheTrueReset) {
  cache_.block("k", 1, 0, now_, seconds(900));
  const auto block = cache_.find("k", 1, now_ + milliseconds(4999));
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->reset_at, now_ + seconds(900));
  EXPECT_FALSE(cache_.find("k", 1, now_ + seconds(5)).has_value());
}

TEST_F(BlockedCacheTest, CheaperRequestsAreNotRefused) {
  cache_.block("k", 5, 3, now_, seconds(2));
  EXPECT_FALSE(cache_.find("k", 4, now_).has_value());
  EXPECT_TRUE(cache_.find("k", 5, now_).has_value());
  EXPECT_TRUE(cache_.find("k", 6, now_).has_value());
}

TEST_F(BlockedCacheTest, CheaperRefusalReplacesADearerOneAndNotTheOtherWay) {
  cache_.block("k", 5, 3, now_, seconds(2));
  cache_.block("k", 1, 0, now_, seconds(2));
  EXPECT_TRUE(cache_.find("k", 1, now_).has_value());
  cache_.block("k", 5, 0, now_ + seconds(1), seconds(2));
  EXPECT_TRUE(cache_.find("k", 1, now_ + seconds(1)).has_value());
  cache_.block("k", 5, 0, now_ + seconds(3), seconds(2));
  EXPECT_FALSE(cache_.find("k", 1, now_ + seconds(3)).has_value()) << "the old one is over";
  EXPECT_TRUE(cache_.find("k", 5, now_ + seconds(3)).has_value());
}

TEST_F(BlockedCacheTest, LongestUnusedLeavesFirst) {
  for (const char* key : {"a", "b", "c", "d"}) cache_.block(key, 1, 0, now_, seconds(5));
  EXPECT_TRUE(cache_.find("a", 1, now_).has_value());
  cache_.block("e", 1, 0, now_, seconds(5));
  EXPECT_EQ(cache_.size(), 4U);
  EXPECT_FALSE(cache_.find("b", 1, now_).has_value());
  for (const char* key : {"a", "c", "d", "e"}) EXPECT_TRUE(cache_.find(key, 1, now_).has_value()) << key;
}

TEST_F(BlockedCacheTest, StaysBoundedAndUsableUnderAFlood) {
  for (int i = 0; i < 10'000; ++i) {
    const std::string key = std::to_string(i);
    cache_.block(key, 1, 0, now_, seconds(5));
    ASSERT_TRUE(cache_.find(key, 1, now_).has_value());
    ASSERT_LE(cache_.size(), 4U);
    if (i % 3 == 0) ASSERT_FALSE(cache_.find(key, 1, now_ + seconds(5)).has_value());
  }
}

TEST_F(BlockedCacheTest, ClearDropsAllAndStartsAfresh) {
  for (const char* key : {"a", "b", "c"}) cache_.block(key, 1, 0, now_, seconds(5));
  cache_.clear();
  EXPECT_TRUE(cache_.empty());
  EXPECT_FALSE(cache_.find("a", 1, now_).has_value());
  for (int i = 0; i < 10; ++i) cache_.block(std::to_string(i), 1, 0, now_, seconds(5));
  EXPECT_EQ(cache_.size(), 4U);
}

TEST_F(BlockedCacheTest, SizeZeroRemembersNothing) {
  BlockedCache none(0, random_);
  none.block("k", 1, 0, now_, seconds(5));
  EXPECT_FALSE(none.find("k", 1, now_).has_value());
}

}  // namespace
}  // namespace sallyport::rate_limit
