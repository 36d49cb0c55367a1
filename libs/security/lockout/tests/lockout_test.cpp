#include "sallyport/lockout/lockout.hpp"

#include <functional>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "sallyport/lockout/memory_lockout_store.hpp"
#include "sallyport/runtime/task_scope.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/testing/run_task.hpp"

namespace sallyport::lockout {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using storage::RedisError;
using storage::RedisErrorKind;
using Settled = LockoutMetrics::Settled;
using Try = LockoutMetrics::Try;

/// A memory store that does something before each reservation, or fails.
class WatchedStore final : public LockoutStore {
 public:
  explicit WatchedStore(const Clock& clock) : memory(clock, {.counters_max = 256}) {}

  runtime::Task<StoreResult<TryReply>> reserve(const Subject& subject, Carried carried) override {
    ++reserves;
    if (before_reserve) before_reserve();
    if (failing) co_return std::unexpected(RedisError{RedisErrorKind::NotSent, "down"});
    co_return memory.reserve_now(subject, carried);
  }
  runtime::Task<StoreResult<SettleReply>> settle(const Subject& subject, const Lease& lease, Outcome outcome) override {
    if (failing) co_return std::unexpected(RedisError{RedisErrorKind::Timeout, "down"});
    co_return memory.settle_now(subject, lease, outcome);
  }
  runtime::Task<StoreResult<std::uint32_t>> unlock(std::string_view account_id) override {
    if (failing) co_return std::unexpected(RedisError{RedisErrorKind::Timeout, "down"});
    co_return memory.unlock_now(account_id);
  }
  runtime::Task<StoreResult<Status>> status(std::string_view account_id) override {
    if (failing) co_return std::unexpected(RedisError{RedisErrorKind::Timeout, "down"});
    co_return memory.status_now(account_id);
  }

  MemoryLockoutStore memory;
  std::function<void()> before_reserve;
  bool failing = false;
  int reserves = 0;
};

class LockoutTest : public ::testing::Test {
 protected:
  using Reply = std::expected<Reservation, Refusal>;

  template <class Make>
  auto run(Make make) {
    loop_.restart();
    return sallyport::testing::run_task_on(loop_, [&](runtime::Executor) { return make(); });
  }
  Reply reserve(Deadline deadline) {
    std::optional<Reply> out;
    run([&] { return reserve_into(deadline, out); });
    return *std::move(out);
  }
  Reply reserve() { return reserve(Deadline::after(clock_.now(), minutes(1))); }
  Settlement settle(Reservation reservation, Outcome outcome) {
    std::optional<Settlement> out;
    run([&] { return settle_into(std::move(reservation), outcome, out); });
    return *out;
  }
  void fill_slots() {
    for (int i = 0; i < 5; ++i) held_.push_back(store_.memory.reserve_now(alice_).lease);
  }
  void give_back(Outcome outcome) {
    store_.memory.settle_now(alice_, held_.back(), outcome);
    held_.pop_back();
  }
  std::uint64_t counted(Try outcome) const { return registry_.total(metrics_.tries(outcome)); }
  std::uint64_t counted(Settled outcome) const { return registry_.total(metrics_.settled(outcome)); }

  runtime::Task<> reserve_into(Deadline deadline, std::optional<Reply>& out) {
    out.emplace(co_await lockout_.reserve(alice_, deadline));
  }
  runtime::Task<> settle_into(Reservation reservation, Outcome outcome, std::optional<Settlement>& out) {
    out = co_await lockout_.settle(std::move(reservation), outcome);
  }

  asio::io_context loop_{1};
  sallyport::testing::FakeClock clock_;
  FastRandom random_{6};
  WatchedStore store_{clock_};
  metrics::Registry registry_;
  LockoutMetrics metrics_{registry_};
  metrics::Shard& shard_ = registry_.make_shard();
  Lockout lockout_{store_,
                   loop_.get_executor(),
                   clock_,
                   random_,
                   metrics_,
                   shard_,
                   {.poll_min = milliseconds(1), .poll_max = milliseconds(1), .waiting_max = 3}};
  const Subject alice_ = Subject::account("alice");
  std::vector<Lease> held_;
};

TEST_F(LockoutTest, FifthWrongPasswordIsAnsweredAsWrongAndSaysThatItLocked) {
  for (std::uint32_t i = 1; i <= 5; ++i) {
    Reply reservation = reserve();
    ASSERT_TRUE(reservation.has_value());
    const Settlement settlement = settle(*std::move(reservation), Outcome::Fail);
    EXPECT_TRUE(settlement.reveal);
    EXPECT_EQ(settlement.failures, i);
    EXPECT_EQ(settlement.locked_now, i == 5);
  }
  clock_.advance(milliseconds(1));
  const int before = store_.reserves;
  const Reply refused = reserve();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, Refusal::Kind::Locked);
  EXPECT_EQ(refused.error().retry_after, seconds(900)) << "rounded up";
  EXPECT_EQ(store_.reserves, before + 1) << "who is locked does not wait";
  EXPECT_EQ(counted(Settled::Fail), 5U);
  EXPECT_EQ(counted(Try::Locked), 1U);
  EXPECT_EQ(registry_.total(metrics_.locks()), 1U);
}

TEST_F(LockoutTest, LastMomentOfALockIsOneSecond) {
  for (int i = 0; i < 5; ++i) settle(*reserve(), Outcome::Fail);
  clock_.advance(minutes(15) - milliseconds(1));
  EXPECT_EQ(reserve().error().retry_after, seconds(1));
}

TEST_F(LockoutTest, NoFreeSlotForTwoSecondsIsOverloaded) {
  fill_slots();
  store_.before_reserve = [&] { clock_.advance(milliseconds(300)); };
  const SteadyTime begin = clock_.now();
  const Reply refused = reserve();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind, Refusal::Kind::Overloaded);
  EXPECT_GE(clock_.now() - begin, seconds(2));
  EXPECT_LE(clock_.now() - begin, milliseconds(2300)) << "one more look at most";
  EXPECT_EQ(counted(Try::Overloaded), 1U);
  EXPECT_EQ(lockout_.waiting(), 0U);
}

TEST_F(LockoutTest, EarlierDeadlineEndsTheWait) {
  fill_slots();
  store_.before_reserve = [&] { clock_.advance(milliseconds(300)); };
  EXPECT_EQ(reserve(Deadline::after(clock_.now(), milliseconds(500))).error().kind, Refusal::Kind::Overloaded);
  EXPECT_EQ(store_.reserves, 2);
  EXPECT_EQ(reserve(Deadline(clock_.now())).error().kind, Refusal::Kind::Overloaded);
  EXPECT_EQ(store_.reserves, 3) << "looks once even when there is no time to wait";
}

TEST_F(LockoutTest, SlotThatIsFreedInTheMeantimeIsTaken) {
  fill_slots();
  store_.before_reserve = [&] {
    if (store_.reserves == 3) give_back(Outcome::Abort);
  };
  EXPECT_TRUE(reserve().has_value());
  EXPECT_EQ(store_.reserves, 3);
}

TEST_F(LockoutTest, AccountThatIsLockedInTheMeantimeIsLocked) {
  fill_slots();
  store_.before_reserve = [&] {
    if (store_.reserves != 2) return;
    while (!held_.empty()) give_back(Outcome::Fail);
  };
  EXPECT_EQ(reserve().error().kind, Refusal::Kind::Locked);
}

TEST_F(LockoutTest, NoMoreCallersWaitThanThereIsRoomFor) {
  fill_slots();
  std::vector<std::optional<Reply>> replies(10);
  runtime::TaskScope scope(loop_.get_executor(), 10, [](std::exception_ptr) { ADD_FAILURE(); });
  const Deadline deadline = Deadline::after(clock_.now(), minutes(1));
  for (auto& reply : replies) scope.spawn(reserve_into(deadline, reply));
  loop_.restart();
  while (store_.reserves < 10) loop_.run_one();
  while (counted(Try::Overloaded) < 7) loop_.run_one();
  EXPECT_EQ(lockout_.waiting(), 3U);
  while (!held_.empty()) give_back(Outcome::Ok);
  run([&] { return scope.join(); });
  EXPECT_EQ(lockout_.waiting(), 0U);
  EXPECT_EQ(counted(Try::Granted), 3U);
  EXPECT_EQ(counted(Try::Overloaded), 7U);
}

TEST_F(LockoutTest, ResultAfterItsLeaseIsNotToBeRevealed) {
  for (const Outcome outcome : {Outcome::Ok, Outcome::Fail}) {
    Reply reservation = reserve();
    clock_.advance(seconds(10));
    EXPECT_FALSE(settle(*std::move(reservation), outcome).reveal);
  }
  EXPECT_EQ(counted(Settled::LeaseExpired), 2U);
  EXPECT_EQ(store_.memory.status_now("alice").failures, 0U);
}

TEST_F(LockoutTest, AbortFreesTheSlotAndCountsNothing) {
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(settle(*reserve(), Outcome::Abort).reveal);
  EXPECT_EQ(store_.memory.status_now("alice").failures, 0U);
  EXPECT_EQ(counted(Settled::Abort), 20U);
}

TEST_F(LockoutTest, DroppedReservationHoldsItsSlotForTheTimeOfALease) {
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(reserve().has_value());
  EXPECT_EQ(reserve(Deadline(clock_.now())).error().kind, Refusal::Kind::Overloaded);
  clock_.advance(seconds(10));
  EXPECT_TRUE(reserve().has_value());
}

TEST_F(LockoutTest, StoreThatFailsGivesNoPassAndRevealsNothing) {
  Reply reservation = reserve();
  store_.failing = true;
  EXPECT_EQ(reserve().error().kind, Refusal::Kind::Unavailable);
  EXPECT_FALSE(settle(*std::move(reservation), Outcome::Ok).reveal);
  EXPECT_EQ(counted(Try::StoreFailed), 1U);
  EXPECT_EQ(counted(Settled::StoreFailed), 1U);
  EXPECT_EQ(run([&] { return lockout_.unlock("alice"); }).error().code, ErrorCode::ServiceUnavailable);
  EXPECT_EQ(run([&] { return lockout_.status("alice"); }).error().code, ErrorCode::ServiceUnavailable);
}

TEST_F(LockoutTest, UnlockLetsInAtOnce) {
  for (int i = 0; i < 5; ++i) settle(*reserve(), Outcome::Fail);
  EXPECT_EQ(run([&] { return lockout_.status("alice"); }).value().retry_after, minutes(15));
  EXPECT_EQ(run([&] { return lockout_.unlock("alice"); }).value(), 1U);
  EXPECT_TRUE(reserve().has_value());
}

}  // namespace
}  // namespace sallyport::lockout
