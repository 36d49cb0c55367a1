// What every LockoutStore promises: one suite, run on MemoryLockoutStore and on RedisLockoutStore with a real server.

#include <memory>
#include <vector>

#include "sallyport/runtime/task_scope.hpp"
#include "store_world.hpp"

namespace sallyport::lockout {
namespace {

using test::about;
using test::kAlice;
using test::milliseconds;
using test::minutes;
using test::seconds;
using Kind = TryReply::Kind;

class StoreContract : public ::testing::TestWithParam<test::WorldKind> {
 protected:
  TryReply reserve(const Subject& subject, Carried carried = {}, std::size_t client = 0) {
    return world_->get([&] { return world_->store(client).reserve(subject, carried); });
  }
  SettleReply settle(const Subject& subject, const Lease& lease, Outcome outcome, std::size_t client = 0) {
    return world_->get([&] { return world_->store(client).settle(subject, lease, outcome); });
  }
  /// A whole try that must get its slot.
  SettleReply attempt(const Subject& subject, Outcome outcome, std::size_t client = 0) {
    const TryReply reply = reserve(subject, {}, client);
    EXPECT_EQ(reply.kind, Kind::Granted);
    return settle(subject, reply.lease, outcome, client);
  }
  void fail(const Subject& subject, int times) {
    for (int i = 0; i < times; ++i) EXPECT_FALSE(attempt(subject, Outcome::Fail).lease_expired);
  }
  std::uint32_t unlock() {
    return world_->get([&] { return world_->store().unlock(kAlice); });
  }
  Status status() {
    return world_->get([&] { return world_->store().status(kAlice); });
  }
  void pass(milliseconds time) { world_->pass(time); }

  std::unique_ptr<test::World> world_ = test::make_world(GetParam());
  const Subject alice_ = Subject::account(kAlice);
  const Subject laptop_ = Subject::device(kAlice, "AAAAAAAAAAAAAAAAAAAAAA");
  const Subject session_ = Subject::password_change(kAlice, "0190b9a4-0000-7000-8000-000000000001");
};

TEST_P(StoreContract, FifthWrongPasswordIsStillVerifiedAndThenTheAccountIsLocked) {
  for (std::uint32_t i = 1; i <= 5; ++i) {
    const TryReply reply = reserve(alice_);
    ASSERT_EQ(reply.kind, Kind::Granted) << i;
    EXPECT_EQ(reply.failures, i - 1);
    const SettleReply settled = settle(alice_, reply.lease, Outcome::Fail);
    EXPECT_FALSE(settled.lease_expired);
    EXPECT_EQ(settled.failures, i);
    EXPECT_EQ(settled.locked_now, i == 5);
  }
  const TryReply locked = reserve(alice_);
  EXPECT_EQ(locked.kind, Kind::Locked) << "whatever password it would have brought";
  EXPECT_TRUE(about(locked.retry_after, minutes(15))) << locked.retry_after.count();
}

TEST_P(StoreContract, LockLastsAWholeWindowFromTheFifthAndTryingDoesNotExtendIt) {
  fail(alice_, 1);
  pass(minutes(10));
  fail(alice_, 4);
  EXPECT_TRUE(about(reserve(alice_).retry_after, minutes(15)));
  for (int minute = 1; minute <= 14; ++minute) {
    pass(minutes(1));
    const TryReply locked = reserve(alice_);
    ASSERT_EQ(locked.kind, Kind::Locked);
    EXPECT_TRUE(about(locked.retry_after, minutes(15 - minute))) << minute << ' ' << locked.retry_after.count();
  }
  pass(minutes(1));
  const TryReply open = reserve(alice_);
  EXPECT_EQ(open.kind, Kind::Granted);
  EXPECT_EQ(open.failures, 0U);
}

TEST_P(StoreContract, WindowBeginsWithTheFirstFailureAndLaterOnesDoNotProlongIt) {
  fail(alice_, 1);
  pass(minutes(14));
  fail(alice_, 3);
  EXPECT_EQ(status().failures, 4U);
  pass(minutes(1));
  EXPECT_EQ(status().failures, 0U);
  fail(alice_, 4);
  EXPECT_EQ(reserve(alice_).kind, Kind::Granted);
}

TEST_P(StoreContract, SuccessDeletesTheCount) {
  fail(alice_, 4);
  EXPECT_EQ(attempt(alice_, Outcome::Ok).failures, 0U);
  EXPECT_EQ(status().failures, 0U);
  fail(alice_, 4);
  EXPECT_EQ(reserve(alice_).kind, Kind::Granted) << "a new count of five";
}

TEST_P(StoreContract, FailuresAndOpenTriesTogetherNeverExceedFive) {
  fail(alice_, 2);
  std::vector<Lease> leases;
  for (int i = 0; i < 3; ++i) leases.push_back(reserve(alice_).lease);
  EXPECT_EQ(reserve(alice_).kind, Kind::Busy);
  EXPECT_EQ(status().open_tries, 3U);
  settle(alice_, leases[0], Outcome::Fail);
  EXPECT_EQ(reserve(alice_).kind, Kind::Busy) << "the slot became a failure";
  settle(alice_, leases[1], Outcome::Abort);
  EXPECT_EQ(reserve(alice_).kind, Kind::Granted) << "an aborted try gives its slot back";
  EXPECT_EQ(reserve(alice_).kind, Kind::Busy);
}

TEST_P(StoreContract, AbortChangesNoCount) {
  fail(alice_, 3);
  EXPECT_EQ(attempt(alice_, Outcome::Abort).failures, 3U);
  EXPECT_EQ(status().failures, 3U);
}

TEST_P(StoreContract, LeaseThatEndsFreesItsSlotAndIsSettledTooLate) {
  std::vector<Lease> leases;
  for (int i = 0; i < 5; ++i) leases.push_back(reserve(alice_).lease);
  pass(seconds(8));
  EXPECT_EQ(reserve(alice_).kind, Kind::Busy);
  pass(seconds(2));
  EXPECT_EQ(reserve(alice_).kind, Kind::Granted);
  for (const Outcome outcome : {Outcome::Fail, Outcome::Ok, Outcome::Abort}) {
    EXPECT_TRUE(settle(alice_, leases[static_cast<std::size_t>(outcome)], outcome).lease_expired);
  }
  EXPECT_EQ(status().failures, 0U) << "what is not revealed is not counted";
}

TEST_P(StoreContract, LateSuccessDeletesNothing) {
  const Lease late = reserve(alice_).lease;
  fail(alice_, 4);
  pass(seconds(10));
  EXPECT_TRUE(settle(alice_, late, Outcome::Ok).lease_expired);
  EXPECT_EQ(status().failures, 4U);
}

TEST_P(StoreContract, LeaseIsSettledOnceAndForItsOwnSubjectOnly) {
  const Lease lease = reserve(alice_).lease;
  const Subject bob = Subject::account("0190b9a4-7c1e-7d2a-8f3b-1c2d3e4f5a6c");
  EXPECT_TRUE(settle(bob, lease, Outcome::Fail).lease_expired);
  EXPECT_TRUE(settle(laptop_, lease, Outcome::Fail).lease_expired);
  EXPECT_TRUE(settle(alice_, Lease{.id = "unknown", .expires_at = {}}, Outcome::Ok).lease_expired);
  EXPECT_FALSE(settle(alice_, lease, Outcome::Fail).lease_expired);
  EXPECT_TRUE(settle(alice_, lease, Outcome::Fail).lease_expired);
  EXPECT_TRUE(settle(alice_, lease, Outcome::Ok).lease_expired) << "it would delete the count";
  EXPECT_EQ(status().failures, 1U);
}

TEST_P(StoreContract, TwoClientsShareOneCount) {
  for (std::size_t i = 0; i < 5; ++i) attempt(alice_, Outcome::Fail, i % 2);
  EXPECT_EQ(reserve(alice_, {}, 0).kind, Kind::Locked);
  EXPECT_EQ(reserve(alice_, {}, 1).kind, Kind::Locked);
}

TEST_P(StoreContract, TryOfOneClientIsSettledByTheOther) {
  const Lease lease = reserve(alice_, {}, 0).lease;
  EXPECT_EQ(settle(alice_, lease, Outcome::Fail, 1).failures, 1U);
}

TEST_P(StoreContract, UnknownAccountAnswersTheSameAtEveryStep) {
  const Subject nobody = Subject::account(pseudonym(Secret<std::string>(std::string(32, 'p')), "no@example.org"));
  const auto story = [&](const Subject& subject) {
    std::vector<std::string> seen;
    const auto look = [&](const TryReply& reply) {
      seen.push_back(std::to_string(static_cast<int>(reply.kind)) + ' ' + std::to_string(reply.failures) + ' ' +
                     std::to_string(std::chrono::ceil<minutes>(reply.retry_after).count()));
      return reply.lease;
    };
    for (int i = 0; i < 7; ++i) {
      const Lease lease = look(reserve(subject));
      const SettleReply settled = settle(subject, lease, i == 2 ? Outcome::Abort : Outcome::Fail);
      seen.push_back(std::to_string(settled.failures) + (settled.locked_now ? " locks" : ""));
    }
    pass(minutes(5));
    look(reserve(subject));
    pass(minutes(10));
    look(reserve(subject));
    return seen;
  };
  EXPECT_EQ(story(alice_), story(nobody));
}

TEST_P(StoreContract, AccountDeviceAndSessionCountForThemselves) {
  fail(alice_, 5);
  EXPECT_EQ(reserve(alice_).kind, Kind::Locked);
  EXPECT_EQ(reserve(laptop_).failures, 0U) << "the owner's device is not locked out with the account";
  fail(laptop_, 4);
  EXPECT_EQ(reserve(laptop_).kind, Kind::Busy) << "one try is open";
  EXPECT_EQ(reserve(session_).kind, Kind::Granted);
  EXPECT_EQ(attempt(session_, Outcome::Ok).failures, 0U);
  EXPECT_EQ(reserve(alice_).kind, Kind::Locked) << "another bucket's success does not unlock";
}

TEST_P(StoreContract, UnlockClearsAccountDevicesAndSessions) {
  fail(alice_, 5);
  fail(laptop_, 5);
  fail(session_, 2);
  const Status before = status();
  EXPECT_EQ(before.failures, 5U);
  EXPECT_TRUE(about(before.retry_after, minutes(15)));
  EXPECT_EQ(before.buckets, 2U);
  EXPECT_EQ(before.buckets_locked, 1U);
  EXPECT_EQ(unlock(), 3U);
  for (const Subject* subject : {&alice_, &laptop_, &session_}) {
    const TryReply reply = reserve(*subject);
    EXPECT_EQ(reply.kind, Kind::Granted);
    EXPECT_EQ(reply.failures, 0U);
  }
  const Status after = status();
  EXPECT_EQ(after.retry_after, milliseconds(0));
  EXPECT_EQ(after.buckets, 0U);
  EXPECT_EQ(unlock(), 0U);
}

TEST_P(StoreContract, BucketIsStillFoundByUnlockAtTheEndOfItsLock) {
  fail(laptop_, 1);
  pass(minutes(14));
  fail(laptop_, 4);
  pass(minutes(14));
  fail(session_, 1);
  EXPECT_EQ(status().buckets_locked, 1U);
  EXPECT_EQ(unlock(), 2U);
  EXPECT_EQ(reserve(laptop_).kind, Kind::Granted);
}

TEST_P(StoreContract, UnlockLeavesTriesUnderWayAndTheyCountAnew) {
  fail(alice_, 3);
  const Lease first = reserve(alice_).lease;
  const Lease second = reserve(alice_).lease;
  EXPECT_EQ(unlock(), 1U);
  EXPECT_EQ(settle(alice_, first, Outcome::Fail).failures, 1U);
  EXPECT_FALSE(settle(alice_, second, Outcome::Ok).lease_expired);
}

TEST_P(StoreContract, CarriedFailuresCountAsIfMadeHere) {
  const TryReply reply = reserve(alice_, {.failures = 3, .remaining = minutes(6)});
  EXPECT_EQ(reply.kind, Kind::Granted);
  EXPECT_EQ(reply.failures, 3U);
  settle(alice_, reply.lease, Outcome::Abort);
  pass(minutes(6));
  EXPECT_EQ(status().failures, 0U) << "their window was not prolonged";
}

TEST_P(StoreContract, CarriedLockKeepsItsOwnEnd) {
  EXPECT_EQ(reserve(alice_, {.failures = 9, .remaining = minutes(6)}).kind, Kind::Locked);
  EXPECT_EQ(status().failures, 5U);
  EXPECT_TRUE(about(status().retry_after, minutes(6)));
  EXPECT_EQ(reserve(alice_, {.failures = 5, .remaining = minutes(9)}).kind, Kind::Locked);
  EXPECT_TRUE(about(status().retry_after, minutes(6))) << "locked already: nothing extends it";
}

TEST_P(StoreContract, CarriedFailuresThatFillTheCountLockForAWholeWindow) {
  fail(laptop_, 3);
  pass(minutes(5));
  const TryReply reply = reserve(laptop_, {.failures = 2, .remaining = minutes(3)});
  EXPECT_EQ(reply.kind, Kind::Locked);
  EXPECT_TRUE(about(reply.retry_after, minutes(15)));
  EXPECT_EQ(unlock(), 1U);
}

TEST_P(StoreContract, CarriedBucketIsFoundByUnlock) {
  EXPECT_EQ(reserve(laptop_, {.failures = 5, .remaining = minutes(15)}).kind, Kind::Locked);
  EXPECT_EQ(status().buckets_locked, 1U);
  EXPECT_EQ(unlock(), 1U);
}

/// Fifty guesses at once, through a Lockout for each of two processes.
class Crowd {
 public:
  Crowd(test::World& world, Outcome outcome) : world_(world), outcome_(outcome) {}

  void run(const Subject& subject) {
    asio::io_context& loop = world_.loop;
    runtime::TaskScope scope(loop.get_executor(), 50, [this](std::exception_ptr) { ++broken; });
    for (std::size_t i = 0; i < 50; ++i) scope.spawn(one(subject, i % 2 == 0 ? first_ : second_));
    test::run_on(loop, [&](runtime::Executor) { return scope.join(); });
  }

  int verified = 0, locked = 0, overloaded = 0, broken = 0, revealed = 0;

 private:
  runtime::Task<> one(Subject subject, Lockout& lockout) {
    auto reservation = co_await lockout.reserve(subject, Deadline::after(clock_.now(), seconds(20)));
    if (!reservation) {
      ++(reservation.error().kind == Refusal::Kind::Locked ? locked : overloaded);
      co_return;
    }
    ++verified;
    runtime::Timer hashing(world_.loop.get_executor(), milliseconds(1));
    co_await hashing.async_wait(runtime::use_task);
    const Settlement settlement = co_await lockout.settle(*std::move(reservation), outcome_);
    if (settlement.reveal) ++revealed;
  }

  test::World& world_;
  const Outcome outcome_;
  SystemClock clock_;
  FastRandom random_{8};
  metrics::Registry registry_;
  LockoutMetrics metrics_{registry_};
  metrics::Shard& shard_ = registry_.make_shard();
  const Lockout::Options options_{.wait_max = seconds(20)};
  Lockout first_{world_.store(0), world_.loop.get_executor(), clock_, random_, metrics_, shard_, options_};
  Lockout second_{world_.store(1), world_.loop.get_executor(), clock_, random_, metrics_, shard_, options_};
};

TEST_P(StoreContract, OfFiftyParallelWrongGuessesExactlyFiveAreVerified) {
  Crowd crowd(*world_, Outcome::Fail);
  crowd.run(alice_);
  EXPECT_EQ(crowd.verified, 5);
  EXPECT_EQ(crowd.revealed, 5);
  EXPECT_EQ(crowd.locked, 45);
  EXPECT_EQ(crowd.broken, 0);
  EXPECT_EQ(status().failures, 5U);
}

TEST_P(StoreContract, FiftyParallelRightLoginsAllSucceedAndLockNobody) {
  fail(alice_, 4);
  Crowd crowd(*world_, Outcome::Ok);
  crowd.run(alice_);
  EXPECT_EQ(crowd.revealed, 50);
  EXPECT_EQ(crowd.locked + crowd.overloaded + crowd.broken, 0);
  EXPECT_EQ(status().failures, 0U);
  EXPECT_EQ(status().open_tries, 0U);
}

INSTANTIATE_TEST_SUITE_P(All, StoreContract, ::testing::Values(test::WorldKind::Memory, test::WorldKind::Redis),
                         [](const auto& info) {
                           return std::string(info.param == test::WorldKind::Memory ? "Memory" : "Redis");
                         });

/// The same random story in both: every answer must be the same.
TEST(StoresAgree, OnARandomStory) {
  const auto memory = test::make_world(test::WorldKind::Memory);
  const auto redis = test::make_world(test::WorldKind::Redis);
  const Subject subjects[] = {Subject::account(kAlice), Subject::device(kAlice, "device"),
                              Subject::password_change(kAlice, "session")};
  struct Open {
    const Subject* subject;
    Lease memory, redis;
  };
  std::vector<Open> open;
  FastRandom random{2026};
  const auto pick = [&](std::size_t below) { return static_cast<std::size_t>(random.next() % below); };
  std::uint32_t locked = 0;
  for (int step = 0; step < 1500; ++step) {
    SCOPED_TRACE(step);
    const std::size_t what = pick(100);
    if (what < 45) {
      const Subject& subject = subjects[pick(3)];
      const Carried carried =
          pick(20) == 0 ? Carried{static_cast<std::uint32_t>(1 + pick(6)), minutes(1 + pick(15))} : Carried{};
      const auto a = memory->get([&] { return memory->store().reserve(subject, carried); });
      const auto b = redis->get([&] { return redis->store().reserve(subject, carried); });
      ASSERT_EQ(a.kind, b.kind);
      ASSERT_EQ(a.failures, b.failures);
      ASSERT_TRUE(about(b.retry_after, a.retry_after)) << a.retry_after.count() << ' ' << b.retry_after.count();
      if (a.kind == Kind::Granted) open.push_back({&subject, a.lease, b.lease});
      if (a.kind == Kind::Locked) ++locked;
    } else if (what < 92 && !open.empty()) {
      const std::size_t at = pick(open.size());
      const Open tried = open[at];
      // Now and then a lease stays in the list, to be settled twice.
      if (pick(10) != 0) open.erase(open.begin() + static_cast<std::ptrdiff_t>(at));
      const std::size_t way = pick(8);
      const Outcome outcome = way == 0 ? Outcome::Ok : way == 1 ? Outcome::Abort : Outcome::Fail;
      const auto a = memory->get([&] { return memory->store().settle(*tried.subject, tried.memory, outcome); });
      const auto b = redis->get([&] { return redis->store().settle(*tried.subject, tried.redis, outcome); });
      ASSERT_EQ(a.lease_expired, b.lease_expired);
      ASSERT_EQ(a.failures, b.failures);
      ASSERT_EQ(a.locked_now, b.locked_now);
    } else if (what < 93) {
      ASSERT_EQ(memory->get([&] { return memory->store().unlock(kAlice); }),
                redis->get([&] { return redis->store().unlock(kAlice); }));
    } else if (what < 97) {
      // No sum of these comes close to the end of a lease or a window from below.
      const milliseconds time = pick(2) == 0 ? milliseconds(4700) : minutes(4);
      memory->pass(time);
      redis->pass(time);
    } else {
      const Status a = memory->get([&] { return memory->store().status(kAlice); });
      const Status b = redis->get([&] { return redis->store().status(kAlice); });
      ASSERT_EQ(std::tuple(a.failures, a.open_tries, a.buckets, a.buckets_locked),
                std::tuple(b.failures, b.open_tries, b.buckets, b.buckets_locked));
      ASSERT_LE(a.failures + a.open_tries, 5U + 4U);
    }
  }
  EXPECT_GT(locked, 20U) << "the story was too kind";
}

}  // namespace
}  // namespace sallyport::lockout
