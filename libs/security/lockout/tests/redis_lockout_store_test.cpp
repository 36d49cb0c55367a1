#include "sallyport/lockout/redis_lockout_store.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include "store_world.hpp"

namespace sallyport::lockout {
namespace {

using test::kAlice;
using test::milliseconds;
using test::seconds;
using Kind = TryReply::Kind;

constexpr std::int64_t kWindowMs = 900'000;

class RedisLockoutStoreTest : public ::testing::Test {
 protected:
  RedisLockoutStoreTest() { test::server().command({"FLUSHALL"}); }

  static std::string redis(std::vector<std::string> words) { return test::server().command(std::move(words)); }
  static std::int64_t number(std::vector<std::string> words) { return std::stoll(redis(std::move(words))); }
  StoreResult<TryReply> try_reserve(const Subject& subject) {
    return test::run_on(loop_, [&](runtime::Executor) { return party_.store().reserve(subject, {}); });
  }
  TryReply reserve(const Subject& subject) { return try_reserve(subject).value(); }
  SettleReply settle(const Subject& subject, const Lease& lease, Outcome outcome) {
    return test::run_on(loop_, [&](runtime::Executor) { return party_.store().settle(subject, lease, outcome); })
        .value();
  }
  void fail(const Subject& subject, int times) {
    for (int i = 0; i < times; ++i) settle(subject, reserve(subject).lease, Outcome::Fail);
  }
  static std::string key(std::string_view name, std::string_view bucket = {}) {
    return "sp:auth:" + std::string(name) + ":{" + std::string(kAlice) + "}" + std::string(bucket);
  }
  /// All keys, with every hexadecimal digit written as x.
  static std::vector<std::string> key_shapes() {
    std::vector<std::string> shapes;
    std::string shape;
    for (const char c : redis({"KEYS", "*"}) + "\n") {
      if (c == '\n') {
        shapes.push_back(std::exchange(shape, {}));
        continue;
      }
      const auto brace = shape.find('{');
      const bool inside = brace != std::string::npos && shape.find('}') == std::string::npos;
      shape.push_back(inside && c != '-' && c != '}' ? 'x' : c);
    }
    std::ranges::sort(shapes);
    return shapes;
  }

  asio::io_context loop_{1};
  test::RedisParty party_{loop_, test::server().port(), seconds(5)};
  const Subject alice_ = Subject::account(kAlice);
  const Subject laptop_ = Subject::device(kAlice, "laptop");
  const Subject session_ = Subject::password_change(kAlice, "s1");
};

TEST_F(RedisLockoutStoreTest, KeysAreThoseThatOthersKnow) {
  fail(alice_, 1);
  fail(laptop_, 1);
  fail(session_, 1);
  reserve(alice_);
  reserve(laptop_);
  EXPECT_EQ(redis({"GET", key("fail")}), "1");
  EXPECT_EQ(redis({"GET", key("fail", ":laptop")}), "1");
  EXPECT_EQ(redis({"GET", key("fail", ":pw:s1")}), "1");
  EXPECT_EQ(redis({"ZCARD", key("try")}), "1");
  EXPECT_EQ(redis({"ZCARD", key("try", ":laptop")}), "1");
  EXPECT_EQ(redis({"ZRANGE", key("dev"), "0", "-1"}), "laptop\npw:s1");
  EXPECT_EQ(redis({"DBSIZE"}), "6") << "and no other";
}

TEST_F(RedisLockoutStoreTest, EveryKeyExpires) {
  fail(alice_, 1);
  fail(laptop_, 5);
  reserve(alice_);
  const auto within = [](std::int64_t ttl, std::int64_t most) { return ttl > most - 10'000 && ttl <= most; };
  EXPECT_TRUE(within(number({"PTTL", key("fail")}), kWindowMs));
  EXPECT_TRUE(within(number({"PTTL", key("fail", ":laptop")}), kWindowMs));
  EXPECT_TRUE(within(number({"PTTL", key("dev")}), kWindowMs + 1));
  EXPECT_TRUE(within(number({"PTTL", key("try")}), 10'001));
}

TEST_F(RedisLockoutStoreTest, UnknownAccountLeavesKeysOfTheSameFormAndLife) {
  fail(alice_, 5);
  reserve(alice_);
  const auto known = key_shapes();
  ASSERT_EQ(known, std::vector<std::string>{"sp:auth:fail:{xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx}"});
  redis({"FLUSHALL"});
  const std::string id = pseudonym(Secret<std::string>(std::string(32, 'p')), "nobody@example.org");
  const Subject nobody = Subject::account(id);
  fail(nobody, 5);
  reserve(nobody);
  EXPECT_EQ(key_shapes(), known);
  EXPECT_GT(number({"PTTL", "sp:auth:fail:{" + id + "}"}), kWindowMs - 10'000);
}

TEST_F(RedisLockoutStoreTest, SuccessLeavesNoKey) {
  fail(alice_, 2);
  settle(alice_, reserve(alice_).lease, Outcome::Ok);
  fail(laptop_, 2);
  settle(laptop_, reserve(laptop_).lease, Outcome::Ok);
  EXPECT_EQ(redis({"DBSIZE"}), "0");
}

TEST_F(RedisLockoutStoreTest, CountThatLostItsExpiryGetsOneWindowAgain) {
  fail(alice_, 5);
  redis({"PERSIST", key("fail")});
  const TryReply locked = reserve(alice_);
  EXPECT_EQ(locked.kind, Kind::Locked);
  EXPECT_TRUE(test::about(locked.retry_after, milliseconds(kWindowMs)));
  EXPECT_GT(number({"PTTL", key("fail")}), 0) << "it would have locked for ever";

  fail(laptop_, 2);
  const Lease lease = reserve(laptop_).lease;
  redis({"PERSIST", key("fail", ":laptop")});
  settle(laptop_, lease, Outcome::Fail);
  EXPECT_GT(number({"PTTL", key("fail", ":laptop")}), 0) << "a failure heals it too";
}

TEST_F(RedisLockoutStoreTest, WindowThatEndsTooLateIsCutToOne) {
  fail(alice_, 5);
  redis({"PEXPIRE", key("fail"), "86400000"});
  EXPECT_TRUE(test::about(reserve(alice_).retry_after, milliseconds(kWindowMs)));
  EXPECT_LE(number({"PTTL", key("fail")}), kWindowMs);
}

TEST_F(RedisLockoutStoreTest, LeasesThatEndLaterThanAnyCanAreDropped) {
  for (int i = 0; i < 5; ++i) reserve(alice_);
  ASSERT_EQ(reserve(alice_).kind, Kind::Busy);
  test::age_redis(-std::chrono::hours(1));  // as if the clock had been set back
  EXPECT_EQ(reserve(alice_).kind, Kind::Granted);
  EXPECT_EQ(redis({"ZCARD", key("try")}), "1");
}

TEST_F(RedisLockoutStoreTest, DevicesWhoseWindowEndedLeaveTheIndex) {
  fail(laptop_, 1);
  test::age_redis(std::chrono::minutes(14));
  fail(session_, 1);
  test::age_redis(std::chrono::minutes(2));
  fail(session_, 1);
  EXPECT_EQ(redis({"ZRANGE", key("dev"), "0", "-1"}), "pw:s1");
}

TEST_F(RedisLockoutStoreTest, ScriptsThatRedisForgotAreLoadedAgain) {
  fail(alice_, 1);
  redis({"SCRIPT", "FLUSH"});
  const TryReply reply = reserve(alice_);
  EXPECT_EQ(reply.failures, 1U);
  redis({"SCRIPT", "FLUSH"});
  EXPECT_EQ(settle(alice_, reply.lease, Outcome::Fail).failures, 2U) << "once, not twice";
}

TEST_F(RedisLockoutStoreTest, KeyOfAnotherTypeIsAnErrorAndNoPass) {
  redis({"SADD", key("fail"), "x"});
  EXPECT_FALSE(try_reserve(alice_).has_value());
  redis({"DEL", key("fail")});
  redis({"SET", key("try"), "x"});
  EXPECT_FALSE(try_reserve(alice_).has_value());
}

TEST_F(RedisLockoutStoreTest, CountThatIsNoNumberIsAnErrorAndNoPass) {
  redis({"SET", key("fail"), "many", "PX", "1000"});
  EXPECT_FALSE(try_reserve(alice_).has_value());
}

TEST_F(RedisLockoutStoreTest, LoadLeavesNoKeyAndMayBeRepeated) {
  for (int i = 0; i < 2; ++i) {
    const auto loaded = test::run_on(loop_, [&](runtime::Executor) { return party_.store().load(); });
    EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
  }
  EXPECT_EQ(redis({"DBSIZE"}), "0");
}

TEST_F(RedisLockoutStoreTest, LoadTellsOfACommandThatThisUserMayNotUse) {
  for (const char* command : {"zadd", "zscore", "zrem", "zcard", "zcount", "zrange", "zremrangebyscore", "incr", "get",
                              "set", "del", "pttl", "pexpire", "evalsha", "script|load"}) {
    redis({"ACL", "SETUSER", "little", "on", ">pw", "~sp:*", "+@all", std::string("-") + command});
    test::RedisParty little(loop_, test::server().port(), seconds(5), {}, "little:pw@");
    const auto loaded = test::run_on(loop_, [&](runtime::Executor) { return little.store().load(); });
    EXPECT_FALSE(loaded.has_value()) << command;
  }
  redis({"ACL", "DELUSER", "little"});
}

TEST_F(RedisLockoutStoreTest, LeastPrivilegeIsEnough) {
  redis({"ACL",      "SETUSER",           "little", "on",      ">pw",     "~sp:auth:*", "-@all",
         "+evalsha", "+script|load",      "+time",  "+get",    "+set",    "+del",       "+incr",
         "+pttl",    "+pexpire",          "+zadd",  "+zscore", "+zrem",   "+zcard",     "+zcount",
         "+zrange",  "+zremrangebyscore", "+ping",  "+hello",  "+client", "+info",      "+select"});
  test::RedisParty little(loop_, test::server().port(), seconds(5), {}, "little:pw@");
  const auto loaded = test::run_on(loop_, [&](runtime::Executor) { return little.store().load(); });
  EXPECT_TRUE(loaded.has_value()) << loaded.error().message;
  redis({"ACL", "DELUSER", "little"});
}

}  // namespace
}  // namespace sallyport::lockout
