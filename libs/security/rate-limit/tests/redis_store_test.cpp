// What concerns only the store in Redis: its scripts, lost expiries, error replies, lost replies.

#include "sallyport/rate_limit/redis_store.hpp"

#include <array>
#include <sstream>
#include <string>
#include <vector>

#include "redis_fixture.hpp"
#include "sallyport/runtime/task_scope.hpp"
#include "sallyport/testing/tcp_gate.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using test::charge;

sallyport::testing::RedisServer& server() {
  static sallyport::testing::RedisServer one;
  return one;
}

class RedisStoreTest : public ::testing::Test {
 protected:
  RedisStoreTest() { server().command({"FLUSHALL"}); }

  StoreResult<Decision> acquire(std::span<const Charge> charges) {
    return test::run_on(loop_, [&](runtime::Executor) { return store().acquire(charges); });
  }
  StoreResult<Decision> acquire_one(const Policy& policy, std::string_view key = "{a}p") {
    const Charge one = charge(policy, key);
    return acquire({&one, 1});
  }
  RedisStore& store() { return party_.store(); }

  asio::io_context loop_{1};
  test::RedisParty party_{loop_, server().port(), seconds(5)};
  const Policy policy_ = test::fixed("p", 100, minutes(15));
};

TEST_F(RedisStoreTest, KeyThatLostItsExpiryGetsAWindowAgain) {
  const Policy second = test::fixed("q", 100, minutes(15));
  Policy failures = policy_;
  failures.count = Count::Failures;
  const std::array one = {charge(policy_, "{a}p")};
  const std::array two = {charge(policy_, "{a}p"), charge(second, "{a}q")};
  const std::array general = {charge(failures, "{a}p")};
  for (const std::span<const Charge> charges :
       {std::span<const Charge>(one), std::span<const Charge>(two), std::span<const Charge>(general)}) {
    server().command({"SET", "{a}p", "100"});
    const auto decision = acquire(charges);
    ASSERT_TRUE(decision.has_value());
    EXPECT_TRUE(decision->allowed) << "a limit that never ends would lock the client out for ever";
    EXPECT_EQ(decision->usage[0].used, 1);
    EXPECT_GT(std::stoll(server().command({"PTTL", "{a}p"})), 890'000);
  }
}

TEST_F(RedisStoreTest, CounterThatLostItsExpiryKeepsItsCountAndGetsALife) {
  server().command({"SET", "{a}n", "7"});
  const auto count = test::run_on(loop_, [&](runtime::Executor) { return store().increment("{a}n", minutes(1)); });
  EXPECT_EQ(count.value(), 8);
  EXPECT_GT(std::stoll(server().command({"PTTL", "{a}n"})), 59'000);
}

TEST_F(RedisStoreTest, EveryKeyExpires) {
  Policy failures = test::fixed("f", 5, minutes(15));
  failures.count = Count::Failures;
  const Policy slide = test::sliding("s", 5, minutes(15));
  const Policy rate = test::gcra("g", 5, minutes(15), 5);
  const std::array all = {charge(failures, "{a}f"), charge(slide, "{a}s"), charge(rate, "{a}g")};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(acquire(all)->allowed);
  for (const char* key : {"{a}f", "{a}s", "{a}g"}) {
    const auto ttl = std::stoll(server().command({"PTTL", key}));
    EXPECT_GT(ttl, 0) << key;
    EXPECT_LE(ttl, 2 * 900'000 + 1) << key;
  }
}

TEST_F(RedisStoreTest, StoresWhatWasUsed) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(acquire_one(policy_)->allowed);
  EXPECT_EQ(server().command({"GET", "{a}p"}), "3");
}

runtime::Task<> acquire_into(RateLimitStore& store, std::span<const Charge> charges, int& admitted, int& failed) {
  const auto decision = co_await store.acquire(charges);
  if (!decision) ++failed;
  if (decision && decision->allowed) ++admitted;
}

runtime::Task<> many(RateLimitStore& store, runtime::Executor executor, std::span<const Charge> charges, int& admitted,
                     int& failed) {
  runtime::TaskScope scope(executor, 60, [&](std::exception_ptr) { ++failed; });
  for (int i = 0; i < 60; ++i) {
    EXPECT_TRUE(scope.spawn(acquire_into(store, charges, admitted, failed)));
  }
  co_await scope.join();
}

TEST_F(RedisStoreTest, FlushedScriptsAreLoadedAgainAndNothingIsLostOrCountedTwice) {
  const std::array one = {charge(policy_, "{a}p")};
  int admitted = 0;
  int failed = 0;
  for (int round = 0; round < 2; ++round) {
    server().command({"SCRIPT", "FLUSH"});
    test::run_on(loop_, [&](runtime::Executor executor) { return many(store(), executor, one, admitted, failed); });
  }
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(admitted, 100);
  EXPECT_EQ(server().command({"GET", "{a}p"}), "100");
}

TEST_F(RedisStoreTest, NamesErrorReplies) {
  server().command({"LPUSH", "{a}list", "x"});
  EXPECT_EQ(acquire_one(policy_, "{a}list").error().kind, StoreErrorKind::WrongType);
  EXPECT_EQ(acquire_one(test::sliding("s", 5, minutes(1)), "{a}list").error().kind, StoreErrorKind::WrongType);

  server().command({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(acquire_one(policy_).error().kind, StoreErrorKind::OutOfMemory);
  server().command({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(acquire_one(policy_)->allowed);
}

TEST_F(RedisStoreTest, RefusesToCountInGarbage) {
  for (const char* garbage : {"not a number", "1.5", "", "12 x 4"}) {
    server().command({"SET", "{a}p", garbage, "PX", "60000"});
    EXPECT_FALSE(acquire_one(policy_).has_value()) << garbage;
    EXPECT_FALSE(acquire_one(test::sliding("s", 5, minutes(1))).has_value()) << garbage;
  }
}

TEST_F(RedisStoreTest, DemotedMasterMakesItReconnect) {
  server().command({"REPLICAOF", "127.0.0.1", "1"});
  const auto before = party_.client().statistics().reconnects;
  EXPECT_EQ(acquire_one(policy_).error().kind, StoreErrorKind::ReadOnly);
  server().command({"REPLICAOF", "NO", "ONE"});
  const auto until = std::chrono::steady_clock::now() + seconds(5);
  while (!acquire_one(policy_).has_value() && std::chrono::steady_clock::now() < until) {
    loop_.run_for(milliseconds(20));
  }
  EXPECT_TRUE(acquire_one(policy_).has_value());
  EXPECT_GT(party_.client().statistics().reconnects, before);
}

TEST_F(RedisStoreTest, LoadNamesAServerThatCannotBeWritten) {
  server().command({"REPLICAOF", "127.0.0.1", "1"});
  const auto loaded = test::run_on(loop_, [&](runtime::Executor) { return store().load("sp:"); });
  server().command({"REPLICAOF", "NO", "ONE"});
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().kind, StoreErrorKind::ReadOnly);
}

/// Start-up as a user that may run only these commands.
StoreResult<void> load_as_user(asio::io_context& loop, const std::string& commands) {
  server().command({"ACL", "SETUSER", "narrow", "reset", "on", ">narrow-pass", "~sp:*", "-@all"});
  std::vector<std::string> grant{"ACL", "SETUSER", "narrow"};
  std::istringstream words(commands);
  for (std::string word; words >> word;) grant.push_back(word);
  server().command(std::move(grant));
  const SystemClock clock;
  FastRandom random;
  storage::RedisOptions options;
  options.url =
      storage::RedisUrl::parse("redis://narrow:narrow-pass@127.0.0.1:" + std::to_string(server().port())).value();
  options.command_timeout = seconds(5);
  storage::RedisClient client(loop.get_executor(), options, clock, random, test::silent_logger());
  RedisStore store(client);
  const auto connected =
      test::run_on(loop, [&](runtime::Executor) { return client.connect(Deadline::after(clock.now(), seconds(5))); });
  EXPECT_TRUE(connected.has_value());
  auto loaded = test::run_on(loop, [&](runtime::Executor) { return store.load("sp:"); });
  test::run_on(loop, [&](runtime::Executor) { return client.stop(); });
  return loaded;
}

/// What docs/how-to/run-in-production.md grants.
const std::string kGrant = "+ping +evalsha +script|load +time +get +set +incrby +decrby +del +pttl +pexpiretime";

TEST_F(RedisStoreTest, LoadIsContentWithTheDocumentedUser) {
  const auto loaded = load_as_user(loop_, kGrant);
  EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
  const auto ttl = std::stoll(server().command({"PTTL", "sp:check"}));
  EXPECT_GT(ttl, 0);
  EXPECT_LE(ttl, 1000);
}

TEST_F(RedisStoreTest, LoadNamesTheCommandThatTheUserLacks) {
  for (const std::string lacking :
       {"evalsha", "script|load", "time", "get", "set", "incrby", "decrby", "del", "pttl", "pexpiretime"}) {
    std::string grant = kGrant;
    grant.erase(grant.find("+" + lacking), lacking.size() + 1);
    const auto loaded = load_as_user(loop_, grant);
    ASSERT_FALSE(loaded.has_value()) << lacking;
    EXPECT_NE(loaded.error().message.find("'" + lacking + "'"), std::string::npos) << loaded.error().message;
  }
}

TEST_F(RedisStoreTest, LostReplyIsNotSentAgain) {
  sallyport::testing::TcpGate gate(server().port());
  test::RedisParty party(loop_, gate.port(), milliseconds(300));
  const Charge one = charge(policy_, "{lost}p");
  gate.cut_after(1);
  const auto lost = test::run_on(loop_, [&](runtime::Executor) { return party.store().acquire({&one, 1}); });
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().kind, StoreErrorKind::Disconnect);
  EXPECT_EQ(server().command({"GET", "{lost}p"}), "1") << "it was counted, and once";
  gate.forward();
}

}  // namespace
}  // namespace sallyport::rate_limit
