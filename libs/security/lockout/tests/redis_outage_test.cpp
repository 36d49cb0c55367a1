// A lockout over a real server that stands still, dies, or comes back.

#include <optional>

#include "lockout_fixture.hpp"
#include "sallyport/lockout/fallback_lockout_store.hpp"

namespace sallyport::lockout {
namespace {

using test::milliseconds;
using test::minutes;
using test::seconds;
using BreakerState = resilience::CircuitBreaker::State;

constexpr milliseconds kCommandTimeout{100};

class RedisOutageTest : public ::testing::Test {
 protected:
  using Reply = std::expected<Reservation, Refusal>;

  Reply reserve(const Subject& subject) {
    std::optional<Reply> out;
    test::run_on(loop_, [&](runtime::Executor) { return reserve_into(subject, out); });
    return *std::move(out);
  }
  Settlement settle(Reservation reservation, Outcome outcome) {
    std::optional<Settlement> out;
    test::run_on(loop_, [&](runtime::Executor) { return settle_into(std::move(reservation), outcome, out); });
    return *out;
  }
  Settlement fail(const Subject& subject) { return settle(reserve(subject).value(), Outcome::Fail); }

  /// Tries until the store itself answers again.
  bool recovers() {
    const auto until = std::chrono::steady_clock::now() + seconds(15);
    while (std::chrono::steady_clock::now() < until) {
      Reply reply = reserve(bystander_);
      if (reply && !reply->lease().local) {
        settle(*std::move(reply), Outcome::Abort);
        return store_.breaker_state() == BreakerState::Closed;
      }
      if (reply) settle(*std::move(reply), Outcome::Abort);
      loop_.restart();
      loop_.run_for(milliseconds(20));
    }
    return false;
  }
  std::string count_in_redis(const Subject& subject) {
    return server_.command({"GET", "sp:auth:fail:{" + subject.account_id() + "}"});
  }

  runtime::Task<> reserve_into(Subject subject, std::optional<Reply>& out) {
    out.emplace(co_await lockout_.reserve(std::move(subject), Deadline::after(clock_.now(), seconds(2))));
  }
  runtime::Task<> settle_into(Reservation reservation, Outcome outcome, std::optional<Settlement>& out) {
    out = co_await lockout_.settle(std::move(reservation), outcome);
  }

  sallyport::testing::RedisServer server_;
  asio::io_context loop_{1};
  test::RedisParty party_{loop_, server_.port(), kCommandTimeout};
  SystemClock clock_;
  FastRandom random_{4};
  MemoryLockoutStore local_{clock_};
  metrics::Registry registry_;
  LockoutMetrics metrics_{registry_};
  metrics::Shard& shard_ = registry_.make_shard();
  FallbackLockoutStore store_{party_.store(), local_, clock_, random_, test::silent_logger(), metrics_, shard_};
  Lockout lockout_{store_, loop_.get_executor(), clock_, random_, metrics_, shard_};
  const Subject alice_ = Subject::account("alice");
  const Subject bystander_ = Subject::account("bystander");
};

TEST_F(RedisOutageTest, ServerThatStandsStillCostsDeadlinesUntilTheBreakerOpensAndTheLimitHolds) {
  fail(alice_);
  server_.suspend();
  const auto begin = std::chrono::steady_clock::now();
  bool locked = false;
  int wrong = 0;
  while (!locked && wrong < 10) {
    Reply reply = reserve(alice_);
    locked = !reply && reply.error().kind == Refusal::Kind::Locked;
    if (!reply) continue;
    EXPECT_TRUE(settle(*std::move(reply), Outcome::Fail).reveal);
    ++wrong;
  }
  EXPECT_EQ(wrong, 5) << "a count of this process alone";
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20 * kCommandTimeout);
  EXPECT_GE(registry_.total(metrics_.store_errors(storage::RedisErrorKind::Timeout)), 1U);
  EXPECT_GE(registry_.total(metrics_.local_steps()), 11U);

  server_.resume();
  ASSERT_TRUE(recovers());
  EXPECT_EQ(reserve(alice_).error().kind, Refusal::Kind::Locked);
  EXPECT_EQ(count_in_redis(alice_), "5") << "the lock moved to where everybody sees it";
}

TEST_F(RedisOutageTest, ServerThatDiesBetweenReserveAndSettleLosesNoFailure) {
  Reply reservation = reserve(alice_);
  ASSERT_TRUE(reservation.has_value());
  ASSERT_FALSE(reservation->lease().local);
  server_.kill();
  const Settlement settlement = settle(*std::move(reservation), Outcome::Fail);
  EXPECT_TRUE(settlement.reveal);
  EXPECT_EQ(settlement.failures, 1U);
  for (int i = 0; i < 4; ++i) fail(alice_);
  EXPECT_EQ(reserve(alice_).error().kind, Refusal::Kind::Locked);

  server_.restart();
  ASSERT_TRUE(recovers()) << "the scripts are gone too, and have to be loaded again";
  const Reply refused = reserve(alice_);
  ASSERT_FALSE(refused.has_value()) << "the lock outlives a server that forgot everything";
  EXPECT_EQ(refused.error().kind, Refusal::Kind::Locked);
  EXPECT_GT(refused.error().retry_after, minutes(14));
  EXPECT_EQ(test::run_on(loop_, [&](runtime::Executor) { return lockout_.unlock("alice"); }).value(), 1U);
  EXPECT_TRUE(reserve(alice_).has_value());
}

TEST_F(RedisOutageTest, RightPasswordGetsInDuringAnOutage) {
  server_.kill();
  Reply reservation = reserve(alice_);
  ASSERT_TRUE(reservation.has_value());
  EXPECT_TRUE(reservation->lease().local);
  EXPECT_TRUE(settle(*std::move(reservation), Outcome::Ok).reveal);
  server_.restart();
  EXPECT_TRUE(recovers());
}

TEST_F(RedisOutageTest, ServerThatRefusesWritesIsAnOutageAndNotAPass) {
  server_.command({"REPLICAOF", "127.0.0.1", "1"});  // READONLY from now on
  const std::uint64_t before = party_.client().statistics().reconnects;
  for (int i = 0; i < 5; ++i) fail(alice_);
  EXPECT_EQ(reserve(alice_).error().kind, Refusal::Kind::Locked);
  EXPECT_GE(registry_.total(metrics_.local_steps()), 10U);
  loop_.restart();
  loop_.run_for(milliseconds(300));
  EXPECT_GT(party_.client().statistics().reconnects, before) << "perhaps another server is the master now";
  server_.command({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(recovers());
}

}  // namespace
}  // namespace sallyport::lockout
