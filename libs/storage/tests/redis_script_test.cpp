#include "sallyport/storage/redis_script.hpp"

#include <array>

#include "redis_rig.hpp"

namespace sallyport::storage {
namespace {

using Keys = std::array<std::string_view, 1>;
using Arguments = std::array<std::string_view, 1>;
using Integers = RedisClient::Integers;

Task<> flush_again_and_again(RedisClient& client, int times) {
  for (; times > 0; --times) co_await send(client, {"SCRIPT", "FLUSH"});
}

/// On one connection, in step: each SCRIPT LOAD is followed by a flush before the call that it was for.
Task<RedisResult<Integers>> run_among_flushes(Executor executor, RedisClient& client, const RedisScript& script,
                                              int flushes) {
  runtime::TaskScope scope(executor, 1, [](std::exception_ptr failure) { std::rethrow_exception(failure); });
  scope.spawn(flush_again_and_again(client, flushes));
  const Keys keys{"k"};
  const Arguments arguments{"5"};
  auto reply = co_await script.run(client, keys, arguments, 2);
  co_await scope.join();
  co_return reply;
}

class RedisScriptTest : public ::testing::Test {
 protected:
  template <class Make>
  auto on_loop(Make make) {
    loop_.restart();
    return testing::run_task_on(loop_, make);
  }
  RedisScriptTest() {
    testing::run_task_on(loop_, [&](Executor) { return client_.connect(rig_.in(milliseconds(5000))); }).value();
  }
  ~RedisScriptTest() override {
    on_loop([&](Executor) { return client_.stop(); });
  }
  RedisResult<Integers> run(const RedisScript& script, std::string_view argument, std::size_t integers) {
    const Keys keys{"k"};
    const Arguments arguments{argument};
    return on_loop([&](Executor) { return script.run(client_, keys, arguments, integers); });
  }

  testing::RedisServer server_;
  Rig rig_;
  asio::io_context loop_{1};
  RedisClient client_{loop_.get_executor(), options_for(server_.url()), rig_.clock, rig_.random, rig_.logger};
  const RedisScript add_{"return {redis.call('INCRBY', KEYS[1], ARGV[1]), 7}"};
};

TEST_F(RedisScriptTest, IsNamedByItsDigestAsRedisNamesIt) {
  EXPECT_TRUE(on_loop([&](Executor) { return add_.load(client_); }).has_value());
  EXPECT_EQ(server_.command({"SCRIPT", "EXISTS", add_.digest()}), "1");
}

TEST_F(RedisScriptTest, IsLoadedWhenRedisDoesNotKnowItAndRunsOnce) {
  const auto first = run(add_, "5", 2);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  EXPECT_EQ(first->values[0], 5);
  EXPECT_EQ(first->values[1], 7);
  server_.command({"SCRIPT", "FLUSH"});
  EXPECT_EQ(run(add_, "5", 2).value().values[0], 10);
}

TEST_F(RedisScriptTest, RunsOnceHoweverOftenItIsFlushedMeanwhile) {
  const auto reply =
      on_loop([&](Executor executor) { return run_among_flushes(executor, client_, add_, RedisScript::kTries); });
  ASSERT_TRUE(reply.has_value()) << reply.error().message;
  EXPECT_EQ(reply->values[0], 5);
  EXPECT_GT(client_.statistics().commands, 3U * RedisScript::kTries / 2);  // or no flush came between
}

TEST_F(RedisScriptTest, GivesUpWhenItIsFlushedForEver) {
  const auto reply =
      on_loop([&](Executor executor) { return run_among_flushes(executor, client_, add_, 10 * RedisScript::kTries); });
  ASSERT_FALSE(reply.has_value());
  EXPECT_TRUE(reply.error().is("NOSCRIPT"));
}

TEST_F(RedisScriptTest, AnotherLengthOfTheReplyIsAProtocolError) {
  const auto reply = run(add_, "1", 3);
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().kind, RedisErrorKind::Protocol);
}

TEST_F(RedisScriptTest, ErrorsOfTheScriptComeOutAndAreNotTriedAgain) {
  server_.command({"SADD", "k", "member"});
  const auto reply = run(add_, "1", 2);
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().kind, RedisErrorKind::Reply);
  EXPECT_NE(reply.error().message.find("WRONGTYPE"), std::string::npos) << reply.error().message;
}

TEST_F(RedisScriptTest, TextThatIsNoLuaFailsToLoad) {
  const RedisScript broken("return {");
  const auto reply = run(broken, "1", 2);
  ASSERT_FALSE(reply.has_value());
  EXPECT_EQ(reply.error().kind, RedisErrorKind::Reply);
}

}  // namespace
}  // namespace sallyport::storage
