#include "sallyport/lockout/memory_lockout_store.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sallyport/testing/fake_clock.hpp"

namespace sallyport::lockout {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using Kind = TryReply::Kind;

/// The smallest store: 256 counters in 16 sets.
class MemoryLockoutStoreTest : public ::testing::Test {
 protected:
  SettleReply fail(const Subject& subject) {
    const TryReply reply = store_.reserve_now(subject);
    return store_.settle_now(subject, reply.lease, Outcome::Fail);
  }
  void lock(const Subject& subject) {
    for (int i = 0; i < 5; ++i) fail(subject);
  }
  static Subject someone(int number) { return Subject::account("someone-" + std::to_string(number)); }

  sallyport::testing::FakeClock clock_;
  MemoryLockoutStore store_{clock_, {.counters_max = 1}};
  const Subject victim_ = Subject::account("victim");
};

TEST_F(MemoryLockoutStoreTest, FloodOfFailuresDoesNotFreeALockedAccount) {
  lock(victim_);
  for (int i = 0; i < 20'000; ++i) fail(someone(i));
  EXPECT_EQ(store_.reserve_now(victim_).kind, Kind::Locked);
  EXPECT_LE(store_.counters(), store_.counters_max());
  EXPECT_GT(store_.evictions(), 0U);
}

TEST_F(MemoryLockoutStoreTest, FloodOfSingleFailuresDoesNotForgetOneWithMore) {
  for (int i = 0; i < 4; ++i) fail(victim_);
  for (int i = 0; i < 20'000; ++i) fail(someone(i));
  EXPECT_EQ(store_.status_now("victim").failures, 4U);
}

TEST_F(MemoryLockoutStoreTest, FloodOfLocksMakesNewcomersBusyAndFreesNobody) {
  lock(victim_);
  std::vector<int> locked;
  int busy = 0;
  for (int i = 0; i < 2'000; ++i) {
    if (store_.reserve_now(someone(i)).kind == Kind::Busy) {
      ++busy;
      continue;
    }
    for (int n = 0; n < 5; ++n) store_.record_failure(someone(i));
    locked.push_back(i);
  }
  EXPECT_EQ(store_.reserve_now(victim_).kind, Kind::Locked);
  for (const int i : locked) ASSERT_EQ(store_.reserve_now(someone(i)).kind, Kind::Locked) << i;
  EXPECT_EQ(locked.size() + 1, store_.counters_max()) << "every place was used before the first was turned away";
  EXPECT_GT(busy, 1'000);
  clock_.advance(minutes(15));
  EXPECT_EQ(store_.reserve_now(someone(1'999)).kind, Kind::Granted) << "and the places are free after the window";
}

TEST_F(MemoryLockoutStoreTest, TryUnderWayIsNeverGivenUp) {
  const Lease lease = store_.reserve_now(victim_).lease;
  for (int i = 0; i < 20'000; ++i) fail(someone(i));
  EXPECT_FALSE(store_.settle_now(victim_, lease, Outcome::Fail).lease_expired);
}

TEST_F(MemoryLockoutStoreTest, TriesThatAreAbortedLeaveNothing) {
  for (int i = 0; i < 1'000; ++i) {
    store_.settle_now(someone(i), store_.reserve_now(someone(i)).lease, Outcome::Abort);
  }
  EXPECT_EQ(store_.evictions(), 0U);
  fail(victim_);
  EXPECT_EQ(store_.status_now("victim").failures, 1U);
}

TEST_F(MemoryLockoutStoreTest, OneAccountsDevicesTakeNoMoreThanTheirShare) {
  lock(victim_);
  const std::size_t before = store_.counters();
  for (int i = 0; i < 100; ++i) fail(Subject::device("owner", "device-" + std::to_string(i)));
  EXPECT_LE(store_.counters() - before, MemoryLockoutStore::kBucketsPerAccount);
  for (int i = 0; i < 2'000; ++i) fail(someone(i));
  for (int i = 0; i < 100; ++i) {
    for (int n = 0; n < 5; ++n) fail(Subject::device("other", "device-" + std::to_string(i)));
  }
  EXPECT_EQ(store_.status_now("other").buckets_locked, MemoryLockoutStore::kBucketsPerAccount);
  EXPECT_EQ(store_.reserve_now(Subject::device("other", "one-more")).kind, Kind::Busy);
  EXPECT_EQ(store_.unlock_now("other"), MemoryLockoutStore::kBucketsPerAccount);
}

TEST_F(MemoryLockoutStoreTest, WhatIsTakenOutCanBePutBack) {
  fail(victim_);
  clock_.advance(minutes(5));
  fail(victim_);
  const Carried carried = store_.take(victim_);
  EXPECT_EQ(carried.failures, 2U);
  EXPECT_EQ(carried.remaining, minutes(10));
  EXPECT_EQ(store_.status_now("victim").failures, 0U);
  EXPECT_EQ(store_.take(victim_).failures, 0U);
  store_.put_back(victim_, carried);
  EXPECT_EQ(store_.status_now("victim").failures, 2U);
  clock_.advance(minutes(10));
  EXPECT_EQ(store_.status_now("victim").failures, 0U) << "with the window that they had";
}

TEST_F(MemoryLockoutStoreTest, FailureOfAnotherStoresTryIsCounted) {
  for (std::uint32_t i = 1; i <= 5; ++i) {
    const SettleReply reply = store_.record_failure(victim_);
    EXPECT_EQ(reply.failures, i);
    EXPECT_EQ(reply.locked_now, i == 5);
  }
  EXPECT_EQ(store_.reserve_now(victim_).retry_after, minutes(15));
}

TEST_F(MemoryLockoutStoreTest, BoundariesToTheMillisecond) {
  fail(victim_);
  clock_.advance(minutes(15) - std::chrono::milliseconds(1));
  EXPECT_EQ(store_.status_now("victim").failures, 1U);
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(store_.status_now("victim").failures, 0U);

  const Lease early = store_.reserve_now(victim_).lease;
  const Lease late = store_.reserve_now(victim_).lease;
  clock_.advance(seconds(10) - std::chrono::nanoseconds(1));
  EXPECT_FALSE(store_.settle_now(victim_, early, Outcome::Fail).lease_expired);
  clock_.advance(std::chrono::nanoseconds(1));
  EXPECT_TRUE(store_.settle_now(victim_, late, Outcome::Fail).lease_expired);
}

TEST(MemoryLockoutStoreThreads, ParallelWrongGuessesGetFiveVerifiedAndRightOnesLockNobody) {
  const SystemClock clock;
  MemoryLockoutStore store(clock);
  const Subject guessed = Subject::account("guessed");
  const Subject owner = Subject::account("owner");
  std::atomic<int> verified = 0, locked_now = 0, owner_locked = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2'000; ++i) {
        const TryReply guess = store.reserve_now(guessed);
        if (guess.kind == Kind::Granted) {
          ++verified;
          if (store.settle_now(guessed, guess.lease, Outcome::Fail).locked_now) ++locked_now;
        }
        const TryReply login = store.reserve_now(owner);
        if (login.kind == Kind::Locked) ++owner_locked;
        if (login.kind == Kind::Granted) store.settle_now(owner, login.lease, Outcome::Ok);
        const Subject other = Subject::account("other-" + std::to_string(i % 50));
        store.put_back(other, store.take(other));
        if (i % 97 == t) store.unlock_now(other.account_id());
        store.record_failure(other);
        store.status_now(other.account_id());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(verified, 5);
  EXPECT_EQ(locked_now, 1);
  EXPECT_EQ(owner_locked, 0);
  EXPECT_EQ(store.status_now("owner").open_tries, 0U);
}

}  // namespace
}  // namespace sallyport::lockout
