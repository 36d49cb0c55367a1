#include "redis_pipeline.hpp"

#include <gtest/gtest.h>

#include "redis_connection.hpp"

namespace sallyport::storage {
namespace {

SteadyTime at(int milliseconds) {
  return SteadyTime(std::chrono::milliseconds(milliseconds));
}

TEST(Pipeline, KeepsOrderWhileItGrowsAndWraps) {
  Pipeline pipeline(1000);
  std::uint64_t pushed = 0;
  std::uint64_t popped = 0;
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 3; ++i) pipeline.push({nullptr, pushed++, at(0)});
    EXPECT_EQ(pipeline.front().offset, popped++);
    pipeline.pop_front();
  }
  while (!pipeline.empty()) {
    EXPECT_EQ(pipeline.front().offset, popped++);
    pipeline.pop_front();
  }
  EXPECT_EQ(popped, pushed);
}

TEST(Pipeline, IsFullAtItsLimitAndNotBefore) {
  Pipeline pipeline(2);
  pipeline.push({nullptr, 0, at(0)});
  EXPECT_FALSE(pipeline.full());
  pipeline.push({nullptr, 1, at(0)});
  EXPECT_TRUE(pipeline.full());
  pipeline.pop_front();
  EXPECT_FALSE(pipeline.full());
}

TEST(Pipeline, ExpiresInOrderAndKeepsTheSlots) {
  Pipeline pipeline(10);
  Waiter first, second, third;
  pipeline.push({&first, 0, at(50)});
  pipeline.push({&second, 1, at(51)});
  pipeline.push({&third, 2, at(60)});
  EXPECT_EQ(pipeline.expire(at(49)), nullptr);
  EXPECT_EQ(pipeline.next_deadline(), at(50));
  EXPECT_EQ(pipeline.expire(at(55)), &first);
  EXPECT_EQ(pipeline.expire(at(55)), &second);
  EXPECT_EQ(pipeline.expire(at(55)), nullptr);
  EXPECT_EQ(pipeline.size(), 3U);
  EXPECT_EQ(pipeline.front().waiter, nullptr);
  EXPECT_EQ(pipeline.next_deadline(), at(60));
}

TEST(Pipeline, NeverExpiresWhatWasAnsweredOrAbandoned) {
  Pipeline pipeline(10);
  Waiter answered, abandoned, waiting;
  pipeline.push({&answered, 0, at(50)});
  const auto slot = pipeline.push({&abandoned, 1, at(50)});
  pipeline.push({&waiting, 2, at(50)});
  pipeline.pop_front();
  pipeline.abandon(slot);
  EXPECT_EQ(pipeline.expire(at(100)), &waiting);
  EXPECT_EQ(pipeline.expire(at(100)), nullptr);
  EXPECT_EQ(pipeline.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace sallyport::storage
