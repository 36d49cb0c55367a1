#include "sallyport/lockout/fallback_lockout_store.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::lockout {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using storage::RedisError;
using storage::RedisErrorKind;
using Kind = TryReply::Kind;
using BreakerState = resilience::CircuitBreaker::State;

/// Plays Redis, and fails on demand: before it did anything, or after.
class ScriptedStore final : public LockoutStore {
 public:
  explicit ScriptedStore(MemoryLockoutStore& memory) : memory_(memory) {}

  runtime::Task<StoreResult<TryReply>> reserve(const Subject& subject, Carried carried) override {
    ++calls;
    if (hangs) {
      runtime::Timer never(co_await asio::this_coro::executor, SteadyTime::max());
      co_await never.async_wait(runtime::use_task);
    }
    if (failure) co_return std::unexpected(RedisError{*failure, "scripted"});
    co_return memory_.reserve_now(subject, carried);
  }
  runtime::Task<StoreResult<SettleReply>> settle(const Subject& subject, const Lease& lease, Outcome outcome) override {
    ++calls;
    if (failure) co_return std::unexpected(RedisError{*failure, "scripted"});
    const SettleReply reply = memory_.settle_now(subject, lease, outcome);
    if (lose_settle_reply) co_return std::unexpected(RedisError{RedisErrorKind::Timeout, "scripted"});
    co_return reply;
  }
  runtime::Task<StoreResult<std::uint32_t>> unlock(std::string_view account_id) override {
    ++calls;
    if (failure) co_return std::unexpected(RedisError{*failure, "scripted"});
    co_return memory_.unlock_now(account_id);
  }
  runtime::Task<StoreResult<Status>> status(std::string_view account_id) override {
    ++calls;
    if (failure) co_return std::unexpected(RedisError{*failure, "scripted"});
    co_return memory_.status_now(account_id);
  }

  std::optional<RedisErrorKind> failure;
  bool lose_settle_reply = false;
  bool hangs = false;
  int calls = 0;

 private:
  MemoryLockoutStore& memory_;
};

class FallbackLockoutStoreTest : public ::testing::Test {
 protected:
  template <class Make>
  static auto run(Make make) {
    return sallyport::testing::run_task([&](runtime::Executor) { return make(); });
  }
  TryReply reserve() {
    return run([&] { return store_.reserve(alice_, {}); }).value();
  }
  SettleReply settle(const Lease& lease, Outcome outcome) {
    return run([&] { return store_.settle(alice_, lease, outcome); }).value();
  }
  SettleReply fail() {
    const TryReply reply = reserve();
    EXPECT_EQ(reply.kind, Kind::Granted);
    return settle(reply.lease, Outcome::Fail);
  }
  void go_down() { shared_.failure = RedisErrorKind::Timeout; }
  /// The shared store answers again, and the breaker's time is up.
  void come_back() {
    shared_.failure.reset();
    clock_.advance(seconds(40));
  }
  std::uint64_t local_steps() const { return registry_.total(metrics_.local_steps()); }

  sallyport::testing::FakeClock clock_;
  FastRandom random_{5};
  MemoryLockoutStore redis_{clock_, {.counters_max = 256}};
  MemoryLockoutStore local_{clock_, {.counters_max = 256}};
  ScriptedStore shared_{redis_};
  sallyport::testing::TemporaryFolder folder_;
  log::Logger logger_{{.level = log::Level::Off}, log::Redactor{}};
  metrics::Registry registry_;
  LockoutMetrics metrics_{registry_};
  metrics::Shard& shard_ = registry_.make_shard();
  FallbackLockoutStore store_{shared_, local_, clock_, random_, logger_, metrics_, shard_};
  const Subject alice_ = Subject::account("alice");
};

TEST_F(FallbackLockoutStoreTest, SharedStoreAloneDecidesWhileItAnswers) {
  for (int i = 0; i < 5; ++i) fail();
  EXPECT_EQ(reserve().kind, Kind::Locked);
  EXPECT_EQ(redis_.status_now("alice").failures, 5U);
  EXPECT_EQ(local_.counters(), 0U);
  EXPECT_EQ(local_steps(), 0U);
}

TEST_F(FallbackLockoutStoreTest, OutageIsNoWayRoundTheLimit) {
  go_down();
  for (std::uint32_t i = 1; i <= 5; ++i) {
    const SettleReply reply = fail();
    EXPECT_EQ(reply.failures, i);
    EXPECT_EQ(reply.locked_now, i == 5);
  }
  const TryReply locked = reserve();
  EXPECT_EQ(locked.kind, Kind::Locked);
  EXPECT_EQ(locked.retry_after, minutes(15));
  EXPECT_EQ(local_steps(), 11U);
  EXPECT_EQ(registry_.total(metrics_.store_errors(RedisErrorKind::Timeout)), 5U) << "then the breaker is open";
}

TEST_F(FallbackLockoutStoreTest, OpenBreakerKeepsEverybodyAwayFromTheStore) {
  go_down();
  while (store_.breaker_state() == BreakerState::Closed) reserve();
  EXPECT_EQ(metrics_.breakers_open().load(), 1);
  const int before = shared_.calls;
  for (int i = 0; i < 100; ++i) reserve();
  EXPECT_EQ(shared_.calls, before);
  come_back();
  reserve();
  EXPECT_EQ(store_.breaker_state(), BreakerState::Closed);
  EXPECT_EQ(metrics_.breakers_open().load(), 0);
}

TEST_F(FallbackLockoutStoreTest, LockOfAnOutageMovesIntoTheStoreWithItsOwnEnd) {
  go_down();
  for (int i = 0; i < 5; ++i) fail();
  come_back();
  const TryReply locked = reserve();
  EXPECT_EQ(locked.kind, Kind::Locked);
  EXPECT_EQ(locked.retry_after, minutes(15) - seconds(40));
  EXPECT_EQ(redis_.status_now("alice").failures, 5U);
  EXPECT_EQ(local_.status_now("alice").failures, 0U) << "so that an unlock elsewhere reaches it";
  EXPECT_EQ(run([&] { return store_.unlock("alice"); }).value(), 1U);
  EXPECT_EQ(reserve().kind, Kind::Granted);
}

TEST_F(FallbackLockoutStoreTest, FailuresOfAnOutageAddToThoseOfTheStore) {
  for (int i = 0; i < 3; ++i) fail();
  go_down();
  for (int i = 0; i < 2; ++i) fail();
  come_back();
  EXPECT_EQ(reserve().kind, Kind::Locked);
}

TEST_F(FallbackLockoutStoreTest, FailuresOnTheirWayIntoTheStoreAreKeptWhenItFailsAgain) {
  go_down();
  for (int i = 0; i < 4; ++i) fail();
  clock_.advance(seconds(40));
  const TryReply reply = reserve();
  EXPECT_EQ(reply.failures, 4U);
  EXPECT_TRUE(reply.lease.local);
}

TEST_F(FallbackLockoutStoreTest, FailuresOnTheirWayIntoTheStoreAreKeptWhenTheCallerGoesAway) {
  for (int i = 0; i < 4; ++i) local_.record_failure(alice_);
  shared_.hangs = true;
  {
    asio::io_context loop(1);
    asio::co_spawn(loop, store_.reserve(alice_, {}), [](const auto&...) { FAIL() << "it must not end"; });
    loop.poll();
    EXPECT_EQ(local_.status_now("alice").failures, 0U) << "on their way";
  }
  EXPECT_EQ(local_.status_now("alice").failures, 4U);
  shared_.hangs = false;
  EXPECT_EQ(reserve().failures, 4U);
}

TEST_F(FallbackLockoutStoreTest, WrongPasswordThatCannotBeSettledInTheStoreCountsHere) {
  std::vector<Lease> leases;
  for (int i = 0; i < 5; ++i) leases.push_back(reserve().lease);
  go_down();
  for (std::uint32_t i = 0; i < 5; ++i) EXPECT_EQ(settle(leases[i], Outcome::Fail).failures, i + 1);
  EXPECT_EQ(reserve().kind, Kind::Locked);
  come_back();
  EXPECT_EQ(reserve().kind, Kind::Locked) << "a store that comes and goes gives no free guesses";
}

TEST_F(FallbackLockoutStoreTest, LostAnswerToASettleIsNeverTakenForNothing) {
  const Lease lease = reserve().lease;
  shared_.lose_settle_reply = true;
  EXPECT_FALSE(settle(lease, Outcome::Fail).lease_expired);
  shared_.lose_settle_reply = false;
  EXPECT_EQ(reserve().failures, 2U) << "counted twice rather than not at all";
}

TEST_F(FallbackLockoutStoreTest, RightPasswordIsRevealedDuringAnOutageUnlessItsLeaseIsOver) {
  const Lease in_time = reserve().lease;
  const Lease late = reserve().lease;
  go_down();
  EXPECT_FALSE(settle(in_time, Outcome::Ok).lease_expired);
  clock_.advance(seconds(10));
  EXPECT_TRUE(settle(late, Outcome::Ok).lease_expired);
  EXPECT_TRUE(settle(late, Outcome::Fail).lease_expired);
}

TEST_F(FallbackLockoutStoreTest, TryOfAnOutageIsSettledHereThoughTheStoreIsBack) {
  go_down();
  const TryReply first = reserve();
  const TryReply second = reserve();
  ASSERT_TRUE(first.lease.local);
  shared_.failure.reset();
  EXPECT_EQ(settle(first.lease, Outcome::Fail).failures, 1U);
  EXPECT_TRUE(settle(first.lease, Outcome::Fail).lease_expired);
  clock_.advance(seconds(10));
  EXPECT_TRUE(settle(second.lease, Outcome::Fail).lease_expired);
  EXPECT_EQ(reserve().failures, 1U);
  EXPECT_EQ(redis_.status_now("alice").failures, 1U);
}

TEST_F(FallbackLockoutStoreTest, UnlockThatDoesNotReachTheStoreIsAnError) {
  go_down();
  for (int i = 0; i < 5; ++i) fail();
  EXPECT_FALSE(run([&] { return store_.unlock("alice"); }).has_value());
  EXPECT_EQ(reserve().kind, Kind::Granted) << "though this process has done its part";
}

TEST_F(FallbackLockoutStoreTest, StatusIsTheProcessOwnDuringAnOutage) {
  fail();
  EXPECT_EQ(run([&] { return store_.status("alice"); }).value().failures, 1U);
  go_down();
  for (int i = 0; i < 5; ++i) fail();
  EXPECT_EQ(run([&] { return store_.status("alice"); }).value().retry_after, minutes(15));
}

/// An outage begins and ends with one line each, however many steps it lasts.
TEST_F(FallbackLockoutStoreTest, OutageIsLogged) {
  const std::string file = folder_.file("log");
  FILE* out = std::fopen(file.c_str(), "w+");
  ASSERT_NE(out, nullptr);
  {
    log::Logger logger({.level = log::Level::Info, .fd = ::fileno(out)}, log::Redactor{});
    FallbackLockoutStore store(shared_, local_, clock_, random_, logger, metrics_, shard_);
    const auto look = [&] { run([&] { return store.status("alice"); }).value(); };
    look();
    go_down();
    for (int i = 0; i < 50; ++i) look();
    come_back();
    look();
    ASSERT_TRUE(logger.flush());
  }
  std::string text(8192, '\0');
  std::rewind(out);
  text.resize(std::fread(text.data(), 1, text.size(), out));
  std::fclose(out);
  const auto count = [&](std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("lockout_store_failed"), 1U) << text;
  EXPECT_EQ(count("lockout_breaker_opened"), 1U) << text;
  EXPECT_EQ(count("lockout_store_recovered"), 1U) << text;
  EXPECT_EQ(count("alice"), 0U) << text;
}

}  // namespace
}  // namespace sallyport::lockout
