#include "sallyport/denylist/denylist.hpp"

#include <gtest/gtest.h>

#include "sallyport/core/uuid.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/testing/redis_server.hpp"
#include "sallyport/testing/run_task.hpp"

namespace sallyport::denylist {
namespace {

using runtime::Executor;
using runtime::Task;

constexpr std::chrono::seconds kKeep{960};

/// One process with a connection of its own.
struct Process {
  explicit Process(const std::string& url) : client(loop.get_executor(), options(url), clock, random, logger) {
    sallyport::testing::run_task_on(loop, [this](Executor) { return connect(this); });
  }
  ~Process() {
    sallyport::testing::run_task_on(loop, [this](Executor) { return client.stop(); });
  }

  static storage::RedisOptions options(const std::string& url) {
    storage::RedisOptions options;
    options.url = *storage::RedisUrl::parse(url);
    options.command_timeout = std::chrono::milliseconds(2000);
    return options;
  }
  static Task<> connect(Process* process) {
    const auto connected =
        co_await process->client.connect(Deadline::after(process->clock.now(), std::chrono::seconds(5)));
    EXPECT_TRUE(connected.has_value());
  }
  bool deny(std::vector<std::string> sessions, std::chrono::seconds budget = std::chrono::seconds(20)) {
    return sallyport::testing::run_task_on(
               loop, [&](Executor) { return list.deny(sessions, kKeep, Deadline::after(clock.now(), budget)); })
        .has_value();
  }
  std::optional<bool> denied(const std::string& session) {
    return sallyport::testing::run_task_on(loop, [&](Executor) { return list.denied(session); });
  }
  std::string session() { return Uuid::v7(clock.wall_now(), unpredictable).to_string(); }

  SystemClock clock;
  FastRandom random{42};
  crypto::SecureRandom unpredictable;
  log::Logger logger{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  metrics::Registry registry;
  metrics::CounterId unchecked = registry.counter("unchecked_total", "x");
  metrics::Shard& shard = registry.make_shard();
  MemoryDenylist local;
  asio::io_context loop{1};
  storage::RedisClient client;
  Denylist list{{local, &client, "sp:", loop.get_executor(), clock, logger, shard, unchecked}};
};

TEST(DenylistKey, KeepsOneSessionsKeysTogether) {
  EXPECT_EQ(key_of("sp:", "0190163d-8694-739b-aea5-966c26f8ad91"), "sp:deny:{0190163d-8694-739b-aea5-966c26f8ad91}");
}

class DenylistTest : public ::testing::Test {
 protected:
  sallyport::testing::RedisServer server_;
};

TEST_F(DenylistTest, IsSeenByOtherProcesses) {
  Process one(server_.url());
  Process other(server_.url());
  const std::string ended = one.session();
  const std::string open = one.session();
  EXPECT_EQ(other.denied(ended), false);
  ASSERT_TRUE(one.deny({ended}));
  EXPECT_EQ(one.denied(ended), true);
  EXPECT_EQ(other.denied(ended), true);
  EXPECT_EQ(other.denied(open), false);
  const int ttl = std::stoi(server_.command({"TTL", key_of("sp:", ended)}));
  EXPECT_GT(ttl, 950);
  EXPECT_LE(ttl, 960);
}

TEST_F(DenylistTest, TakesManyAtOnce) {
  Process one(server_.url());
  std::vector<std::string> sessions;
  for (int i = 0; i < 1000; ++i) sessions.push_back(one.session());
  ASSERT_TRUE(one.deny(sessions));
  EXPECT_EQ(server_.command({"DBSIZE"}), "1000");
  EXPECT_TRUE(one.deny({}));
}

TEST_F(DenylistTest, SaysWhenRedisDidNotTakeItAndDeniesEvenSo) {
  Process one(server_.url());
  const std::string ended = one.session();
  const std::string open = one.session();
  server_.kill();
  EXPECT_FALSE(one.deny({ended}));
  EXPECT_EQ(one.denied(ended), true);
  EXPECT_EQ(one.registry.total(one.unchecked), 0U);
  EXPECT_EQ(one.denied(open), std::nullopt);
  EXPECT_EQ(one.registry.total(one.unchecked), 1U);
}

TEST_F(DenylistTest, StopsAtItsDeadline) {
  Process one(server_.url());
  EXPECT_FALSE(one.deny({one.session()}, std::chrono::seconds(0)));
  EXPECT_EQ(server_.command({"DBSIZE"}), "0");
}

TEST_F(DenylistTest, CountsAWrongKindOfAnswerAsNone) {
  Process one(server_.url());
  server_.command({"CONFIG", "SET", "requirepass", "later"});
  server_.command({"-a", "later", "CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_FALSE(one.deny({one.session()}));
}

}  // namespace
}  // namespace sallyport::denylist
