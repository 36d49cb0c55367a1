#include "sallyport/denylist/memory_denylist.hpp"

#include <atomic>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace sallyport::denylist {
namespace {

using namespace std::chrono_literals;

constexpr SteadyTime kStart{1000s};

TEST(MemoryDenylist, DeniesUntilTheLastTokenHasExpired) {
  MemoryDenylist list;
  EXPECT_FALSE(list.denied("a", kStart));
  list.deny("a", kStart + 60s, kStart);
  EXPECT_TRUE(list.denied("a", kStart));
  EXPECT_TRUE(list.denied("a", kStart + 59s));
  EXPECT_FALSE(list.denied("a", kStart + 60s));
  EXPECT_FALSE(list.denied("b", kStart));
}

TEST(MemoryDenylist, KeepsTheLaterOfTwoEnds) {
  MemoryDenylist list;
  list.deny("a", kStart + 60s, kStart);
  list.deny("a", kStart + 10s, kStart);
  EXPECT_TRUE(list.denied("a", kStart + 30s));
  list.deny("a", kStart + 90s, kStart + 1s);
  EXPECT_TRUE(list.denied("a", kStart + 80s));
  EXPECT_EQ(list.size(), 1U);
}

TEST(MemoryDenylist, ForgetsWhatIsOver) {
  MemoryDenylist list;
  for (int i = 0; i < 1000; ++i) list.deny(std::to_string(i), kStart + 60s, kStart);
  EXPECT_EQ(list.size(), 1000U);
  list.deny("new", kStart + 200s, kStart + 100s);
  EXPECT_EQ(list.size(), 1U);
  EXPECT_TRUE(list.denied("new", kStart + 100s));
}

TEST(MemoryDenylist, IsSharedByThreads) {
  MemoryDenylist list;
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  list.deny("always", kStart + 1h, kStart);
  std::thread reader([&] {
    while (!stop) {
      if (!list.denied("always", kStart)) ++wrong;
    }
  });
  for (int i = 0; i < 5000; ++i) list.deny(std::to_string(i), kStart + 60s, kStart + std::chrono::milliseconds(i * 10));
  stop = true;
  reader.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace sallyport::denylist
