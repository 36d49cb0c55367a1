#include "sallyport/rate_limit/memory_store.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "policies.hpp"
#include "sallyport/testing/fake_clock.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using test::charge;

class MemoryStoreTest : public ::testing::Test {
 protected:
  Usage ask(const Policy& policy, std::int64_t cost = 1, std::string_view key = "sp:rl:{ip:a}:k") {
    const Charge one = charge(policy, key, cost);
    return store_.acquire_now({&one, 1}).usage[0];
  }

  sallyport::testing::FakeClock clock_;
  FastRandom random_{1};
  MemoryStore store_{clock_, random_, {.keys_max = 4096}};
};

struct Ask {
  const char* name;
  milliseconds after;  ///< since the ask before
  std::int64_t cost;
  bool allowed;
  std::int64_t remaining;
  milliseconds reset;
};

TEST_F(MemoryStoreTest, FixedBoundaries) {
  const Policy policy = test::fixed("p", 5, seconds(10));
  const std::vector<Ask> table = {
      {"first opens the window", milliseconds(0), 1, true, 4, milliseconds(10000)},
      {"cost above one", milliseconds(1000), 3, true, 1, milliseconds(9000)},
      {"one too dear is refused", milliseconds(0), 2, false, 1, milliseconds(9000)},
      {"and was not charged: the last one fits", milliseconds(0), 1, true, 0, milliseconds(9000)},
      {"one past the limit", milliseconds(0), 1, false, 0, milliseconds(9000)},
      {"last millisecond of the window", milliseconds(8999), 1, false, 0, milliseconds(1)},
      {"the window turns", milliseconds(1), 5, true, 0, milliseconds(10000)},
      {"full at once", milliseconds(0), 1, false, 0, milliseconds(10000)},
      {"next window, not aligned to anything", milliseconds(10007), 1, true, 4, milliseconds(10000)},
  };
  for (const Ask& row : table) {
    SCOPED_TRACE(row.name);
    clock_.advance(row.after);
    const Usage usage = ask(policy, row.cost);
    EXPECT_EQ(usage.allowed, row.allowed);
    EXPECT_EQ(usage.remaining, row.remaining);
    EXPECT_EQ(usage.reset, row.reset);
  }
}

TEST_F(MemoryStoreTest, SlidingWindowIsHalfForgottenInTheMiddleOfTheNext) {
  const Policy policy = test::sliding("p", 10, seconds(10));
  const auto look = [&](std::int64_t cost = 1) {
    const Charge one = charge(policy, "sp:rl:{ip:a}:k", cost);
    return store_.look_now({&one, 1}).usage[0];
  };
  ask(policy, 8);
  const milliseconds left = look().reset - policy.window;
  ASSERT_GT(left, milliseconds(0));
  clock_.advance(left + seconds(5));
  EXPECT_EQ(look().used, 4);
  EXPECT_EQ(look().reset, seconds(5));
  EXPECT_TRUE(look(6).allowed);
  EXPECT_FALSE(look(7).allowed);
}

TEST_F(MemoryStoreTest, SlidingBoundaries) {
  const Policy policy = test::sliding("p", 10, seconds(10));  // the clock starts on a multiple of ten seconds
  const std::vector<Ask> table = {
      {"eight in the first window", milliseconds(0), 8, true, 2, milliseconds(10000)},
      {"up to the limit", milliseconds(5000), 2, true, 0, milliseconds(5000)},
      // Ten in this window: in the next one 10·(10000 − e) + 10000 ≤ 100000 holds from e = 1000.
      {"first refused", milliseconds(0), 1, false, 0, milliseconds(6000)},
      {"last refused millisecond", milliseconds(5999), 1, false, 0, milliseconds(1)},
      {"first allowed again", milliseconds(1), 1, true, 0, milliseconds(9000)},
      // previous 10, current 1: 10·(10000 − e) ≤ 80000 from e = 2000.
      {"the next waits for the old window to fade", milliseconds(0), 1, false, 0, milliseconds(1000)},
      {"half way through: 5 of the old and 1", milliseconds(4000), 4, true, 0, milliseconds(5000)},
      {"the old ones are gone two windows later", milliseconds(25000), 10, true, 0, milliseconds(10000)},
  };
  for (const Ask& row : table) {
    SCOPED_TRACE(row.name);
    clock_.advance(row.after);
    const Usage usage = ask(policy, row.cost);
    EXPECT_EQ(usage.allowed, row.allowed);
    EXPECT_EQ(usage.remaining, row.remaining);
    EXPECT_EQ(usage.reset, row.reset);
  }
}

TEST_F(MemoryStoreTest, GcraBoundaries) {
  const Policy policy = test::gcra("p", 10, seconds(10), 3);  // one a second, three at once
  const std::vector<Ask> table = {
      {"burst, first", milliseconds(0), 1, true, 2, milliseconds(1000)},
      {"burst, second", milliseconds(0), 1, true, 1, milliseconds(2000)},
      {"burst, last", milliseconds(0), 1, true, 0, milliseconds(3000)},
      {"one past the burst", milliseconds(0), 1, false, 0, milliseconds(1000)},
      {"refusal left it unchanged: last refused millisecond", milliseconds(999), 1, false, 0, milliseconds(1)},
      {"one refilled", milliseconds(1), 1, true, 0, milliseconds(3000)},
      {"cost two waits for two", milliseconds(1000), 2, false, 1, milliseconds(1000)},
      {"cost two after two", milliseconds(1000), 2, true, 0, milliseconds(3000)},
      {"full again after a long pause, never more", milliseconds(60000), 3, true, 0, milliseconds(3000)},
      {"still no more", milliseconds(0), 1, false, 0, milliseconds(1000)},
  };
  for (const Ask& row : table) {
    SCOPED_TRACE(row.name);
    clock_.advance(row.after);
    const Usage usage = ask(policy, row.cost);
    EXPECT_EQ(usage.allowed, row.allowed);
    EXPECT_EQ(usage.remaining, row.remaining);
    EXPECT_EQ(usage.reset, row.reset);
  }
}

TEST_F(MemoryStoreTest, GcraCountsMicroseconds) {
  const Policy policy = test::gcra("p", 1000, seconds(1), 1);  // one a millisecond
  EXPECT_TRUE(ask(policy).allowed);
  clock_.advance(microseconds(999));
  EXPECT_FALSE(ask(policy).allowed);
  clock_.advance(microseconds(1));
  EXPECT_TRUE(ask(policy).allowed);
}

TEST_F(MemoryStoreTest, NewLimitAppliesToTheNextRequest) {
  const Policy before = test::fixed("p", 100, seconds(10));
  for (int i = 0; i < 60; ++i) ask(before);
  EXPECT_FALSE(ask(test::fixed("p", 50, seconds(10))).allowed);
  EXPECT_EQ(ask(test::fixed("p", 50, seconds(10))).remaining, 0);
  EXPECT_EQ(ask(test::fixed("p", 200, seconds(10))).remaining, 139);
}

TEST_F(MemoryStoreTest, GreatestLimitAndWindowDoNotOverflow) {
  const std::int64_t limit = (std::int64_t{1} << 53U) / 86'400'000 - 1;
  const milliseconds window(86'400'000);
  for (const Policy& policy :
       {test::fixed("p", limit, window), test::sliding("p", limit, window), test::gcra("p", limit, window, limit)}) {
    const std::string key = "{" + std::to_string(static_cast<int>(policy.algorithm)) + "}";
    EXPECT_TRUE(ask(policy, limit, key).allowed);
    const Usage refused = ask(policy, 1, key);
    EXPECT_FALSE(refused.allowed);
    EXPECT_EQ(refused.remaining, 0);
    EXPECT_GE(refused.reset, milliseconds(1));
  }
}

TEST_F(MemoryStoreTest, FloodOfAddressesNeitherGrowsNorForgetsTheOffender) {
  const Policy policy = test::fixed("p", 5, seconds(900));
  const std::string_view offender = "sp:rl:{ip:offender}:p";
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ask(policy, 1, offender).allowed);
  for (int i = 0; i < 200'000; ++i) {
    ask(policy, 1, "sp:rl:{ip:" + std::to_string(i) + "}:p");
    if (i % 1000 == 0) ASSERT_FALSE(ask(policy, 1, offender).allowed) << "forgotten after " << i;
  }
  EXPECT_EQ(store_.keys_max(), 4096U);
  EXPECT_GT(store_.evictions(), 190'000U);
}

TEST_F(MemoryStoreTest, DeadKeysMakeRoomBeforeLivingOnes) {
  const Policy brief = test::fixed("p", 5, seconds(1));
  const Policy lasting = test::fixed("q", 5, seconds(900));
  for (int i = 0; i < 20'000; ++i) ask(brief, 1, "{" + std::to_string(i) + "}");
  clock_.advance(seconds(1));
  const std::uint64_t before = store_.evictions();
  // A sixteenth of the room: even with an uneven spread over the sets nothing alive has to go.
  for (int i = 0; i < 256; ++i) ask(lasting, 1, "{q" + std::to_string(i) + "}");
  EXPECT_EQ(store_.evictions(), before);
}

TEST_F(MemoryStoreTest, IncrementAndGetShareTheRules) {
  EXPECT_EQ(store_.get_now("{u}:fail"), std::nullopt);
  EXPECT_EQ(store_.increment_now("{u}:fail", seconds(2)), 1);
  clock_.advance(seconds(1));
  EXPECT_EQ(store_.increment_now("{u}:fail", seconds(2)), 2);
  clock_.advance(milliseconds(999));
  EXPECT_EQ(store_.get_now("{u}:fail"), 2);
  clock_.advance(milliseconds(1));
  EXPECT_EQ(store_.get_now("{u}:fail"), std::nullopt) << "counting does not prolong";
  EXPECT_EQ(store_.increment_now("{u}:fail", seconds(2)), 1);
}

TEST(MemoryStoreThreads, FourThreadsAdmitExactlyTheLimit) {
  SystemClock clock;
  FastRandom random(3);
  MemoryStore store(clock, random, {.keys_max = 4096});
  const Policy global = test::fixed("global", 100, seconds(900));
  const Policy route = test::gcra("route", 1000, seconds(900), 1000);
  std::atomic<int> admitted{0};
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      const std::array<Charge, 2> both = {charge(global, "{ip:x}:global"), charge(route, "{ip:x}:route")};
      for (int i = 0; i < 2000; ++i) {
        if (store.acquire_now(both).allowed) admitted.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(admitted.load(), 100);
}

}  // namespace
}  // namespace sallyport::rate_limit
