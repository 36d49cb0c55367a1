#include "redis_acquire.hpp"

#include <array>

#include <gtest/gtest.h>

#include "policies.hpp"
#include "sallyport/rate_limit/redis_store.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::charge;

TEST(RedisAcquire, PicksTheShortestScriptThatFits) {
  const Policy plain = test::fixed("a", 5, seconds(10));
  Policy failures = test::fixed("b", 5, seconds(10));
  failures.count = Count::Failures;
  const Policy slide = test::sliding("c", 5, seconds(10));
  const std::array one = {charge(plain, "k")};
  const std::array two = {charge(plain, "k"), charge(plain, "l")};
  const std::array counted = {charge(plain, "k"), charge(failures, "l")};
  const std::array mixed = {charge(plain, "k"), charge(slide, "l")};
  const std::array too_dear = {charge(plain, "k", 6)};
  EXPECT_EQ(choose_script(one), AcquireScript::FixedOne);
  EXPECT_EQ(choose_script(two), AcquireScript::Fixed);
  EXPECT_EQ(choose_script(counted), AcquireScript::Acquire);
  EXPECT_EQ(choose_script(mixed), AcquireScript::Acquire);
  EXPECT_EQ(choose_script(too_dear), AcquireScript::Fixed);
}

TEST(RedisAcquire, WritesArgumentsAsResp) {
  const Policy plain = test::fixed("a", 5, seconds(10));
  const std::array one = {charge(plain, "sp:rl:{x}")};
  CommandWriter out;
  out.begin(1 + argument_words(AcquireScript::FixedOne, 1));
  out.word(std::string_view("C"));
  write_arguments(out, AcquireScript::FixedOne, one);
  EXPECT_EQ(out.text(), "*5\r\n$1\r\nC\r\n$9\r\nsp:rl:{x}\r\n$1\r\n1\r\n$1\r\n5\r\n$5\r\n10000\r\n");
}

TEST(RedisAcquire, ReadsWhatTheFixedScriptsLeaveToUs) {
  const Policy wide = test::fixed("a", 100, seconds(10));
  const Policy narrow = test::fixed("b", 5, seconds(10));
  const std::array both = {charge(wide, "k"), charge(narrow, "l")};
  const std::array<std::int64_t, 4> reply = {42, 7000, 6, 3000};
  const Decision decision = read_decision(AcquireScript::Fixed, both, reply);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.size, 2);
  EXPECT_TRUE(decision.usage[0].allowed);
  EXPECT_EQ(decision.usage[0].used, 41) << "not charged, since the other one refused";
  EXPECT_EQ(decision.usage[0].remaining, 59);
  EXPECT_FALSE(decision.usage[1].allowed);
  EXPECT_EQ(decision.usage[1].remaining, 0);
  EXPECT_EQ(decision.usage[1].reset, milliseconds(3000));
}

TEST(RedisAcquire, ShareOfALimitScalesTheBurst) {
  const Policy policy = test::gcra("g", 100, seconds(10), 10);
  Charge half = charge(policy, "k");
  half.limit = 50;
  CommandWriter out;
  out.begin(6);
  write_arguments(out, AcquireScript::Acquire, std::array{half});
  EXPECT_EQ(out.text(), "*6\r\n$1\r\nk\r\n$1\r\ng\r\n$1\r\n0\r\n$6\r\n200000\r\n$7\r\n1000000\r\n$6\r\n200000\r\n");
}

struct ErrorRow {
  const char* name;
  storage::RedisErrorKind kind;
  const char* message;
  StoreErrorKind expected;
};

TEST(RedisAcquire, MapsErrors) {
  using R = storage::RedisErrorKind;
  using S = StoreErrorKind;
  const ErrorRow rows[] = {
      {"not sent", R::NotSent, "", S::NotSent},
      {"timeout", R::Timeout, "", S::Timeout},
      {"disconnect", R::Disconnect, "", S::Disconnect},
      {"protocol", R::Protocol, "", S::Protocol},
      {"replica", R::Reply, "READONLY You can't write against a read only replica.", S::ReadOnly},
      {"loading", R::Reply, "LOADING Redis is loading the dataset in memory", S::Loading},
      {"memory", R::Reply, "OOM command not allowed when used memory > 'maxmemory'.", S::OutOfMemory},
      {"wrong type", R::Reply, "WRONGTYPE Operation against a key holding the wrong kind of value", S::WrongType},
      {"Redis 6 wraps it", R::Reply, "ERR Error running script (call to f_0): @user_script:1: -READONLY You",
       S::ReadOnly},
      {"Redis 6 wraps it, without the dash", R::Reply,
       "ERR Error running script (call to f_0): @user_script:1: WRONGTYPE Operation", S::WrongType},
      {"a code in the middle of another error", R::Reply, "ERR unknown READONLY thing", S::Other},
      {"anything else", R::Reply, "NOPERM this user has no permissions", S::Other},
  };
  for (const ErrorRow& row : rows) {
    EXPECT_EQ(to_store_error({row.kind, row.message}).kind, row.expected) << row.name;
  }
}

}  // namespace
}  // namespace sallyport::rate_limit
