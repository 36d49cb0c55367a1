#include <atomic>
#include <thread>

#include <boost/asio/co_spawn.hpp>

#include "sallyport/testing/tcp_gate.hpp"
#include "sql_pool_rig.hpp"

// SOCI 4.0.3 forgets a connection that breaks between the login and its own first statement, as happens here when the
// server is killed.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libsoci_postgresql.so\n";
}

namespace sallyport::storage {
namespace {

TEST(PostgresPool, AnUnreachableServerFailsAtOnceAndIsFoundAgain) {
  const SystemClock clock;
  testing::TcpGate gate(postgres().port());
  gate.refuse();
  SqlPool pool({.url = parse_url(postgres().url("postgres", gate.port()))}, clock);
  Tally down, up;
  testing::run_task([&](Executor executor) -> Task<> {
    return [](Executor e, SqlPool& p, testing::TcpGate& g, const Clock& c, Tally& d, Tally& u) -> Task<> {
      runtime::TaskScope scope(e, 1000, report);
      for (int i = 0; i < 300; ++i) scope.spawn(ask(p, c, d, seconds(10), one));
      co_await scope.join();
      g.forward();
      const Stopwatch watch;
      while (u.good == 0 && watch.elapsed() < seconds(5)) {
        co_await ask(p, c, u, seconds(10), one);
        co_await pause(e, milliseconds(20));
      }
    }(executor, pool, gate, clock, down, up);
  });
  EXPECT_EQ(down.good, 0);
  EXPECT_EQ(down.total(), 300);
  EXPECT_GT(down.errors[SqlErrorKind::NotSent], 0);
  EXPECT_LT(down.slowest, milliseconds(3000));
  EXPECT_LT(pool.statistics().connect_failures, 20U) << "no storm of connection attempts";
  EXPECT_EQ(up.good, 1);
}

TEST(PostgresPool, NeverOpensMoreConnectionsThanItMay) {
  const SystemClock clock;
  const TestDatabase database(SqlDialect::PostgreSql);
  SqlPoolOptions options{.url = database.url(), .connections_max = 3};
  options.acquire = seconds(20);
  SqlPool pool(options, clock);
  Tally tally;
  testing::run_task([&](Executor executor) -> Task<> {
    return [](Executor e, SqlPool& p, const Clock& c, Tally& t) -> Task<> {
      const auto sleep = [](SqlSession& session) -> SqlResult<std::int64_t> {
        auto row = session.query_one(
            "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()), pg_sleep(0.02)");
        if (!row) return std::unexpected(row.error());
        return (*row)->integer(0) <= 3 ? SqlResult<std::int64_t>(1)
                                       : sql_failure(SqlErrorKind::Other, "too many connections");
      };
      runtime::TaskScope scope(e, 1000, report);
      for (int i = 0; i < 60; ++i) scope.spawn(ask(p, c, t, seconds(25), sleep));
      co_await scope.join();
    }(executor, pool, clock, tally);
  });
  EXPECT_EQ(tally.good, 60);
  EXPECT_EQ(pool.statistics().connected, 3U);
}

TEST(PostgresPool, OpensTwoConnectionsAtATime) {
  const SystemClock clock;
  testing::TcpGate gate(postgres().port());
  gate.silence();
  SqlPoolOptions options{.url = parse_url(postgres().url("postgres", gate.port()))};
  options.acquire = milliseconds(700);
  SqlPool pool(options, clock);
  Tally tally;
  testing::run_task([&](Executor executor) -> Task<> {
    return [](Executor e, SqlPool& p, const Clock& c, Tally& t) -> Task<> {
      runtime::TaskScope scope(e, 100, report);
      for (int i = 0; i < 50; ++i) scope.spawn(ask(p, c, t, seconds(10), one));
      co_await scope.join();
    }(executor, pool, clock, tally);
  });
  EXPECT_EQ(gate.accepted(), 2U);
  EXPECT_EQ(tally.errors[SqlErrorKind::Overloaded], 50);
  EXPECT_LT(tally.slowest, milliseconds(3000));
}

TEST(PostgresPool, ASilentServerHoldsItsThreadsForAMomentOnly) {
  const SystemClock clock;
  testing::TcpGate gate(postgres().port());
  SqlPoolOptions options{.url = parse_url(postgres().url("postgres", gate.port())), .connections_max = 2};
  options.limits.statement = milliseconds(300);
  SqlPool pool(options, clock);
  Tally before, during, after;
  testing::run_task([&](Executor executor) -> Task<> {
    return [](Executor e, SqlPool& p, testing::TcpGate& g, const Clock& c, Tally& b, Tally& d, Tally& a) -> Task<> {
      co_await ask(p, c, b, seconds(10), one);
      g.silence();
      co_await ask(p, c, d, seconds(10), one);
      g.forward();
      g.drop_all();
      const Stopwatch watch;
      while (a.good == 0 && watch.elapsed() < seconds(5)) {
        co_await ask(p, c, a, seconds(10), one);
        co_await pause(e, milliseconds(20));
      }
    }(executor, pool, gate, clock, before, during, after);
  });
  EXPECT_EQ(before.good, 1);
  EXPECT_EQ(during.errors[SqlErrorKind::OutcomeUnknown], 1);
  EXPECT_LT(during.slowest, milliseconds(2500));
  EXPECT_EQ(after.good, 1);
}

/// Inserts numbers until it is told to stop, and keeps those whose commit was reported.
struct Writers {
  std::atomic<bool> stop = false;
  std::atomic<std::size_t> count = 0;  ///< of committed
  std::atomic<int> failed = 0;
  std::int64_t next = 0;
  std::vector<std::int64_t> committed;  ///< the loop's until it has ended

  /// Waits for so many more commits.
  bool commit_more(std::size_t more) const {
    const std::size_t goal = count + more;
    const Stopwatch watch;
    while (count < goal && watch.elapsed() < seconds(5)) std::this_thread::sleep_for(milliseconds(5));
    return count >= goal;
  }
};

Task<> keep_writing(Executor executor, SqlPool& pool, const Clock& clock, Writers& writers) {
  while (!writers.stop) {
    const std::int64_t id = writers.next++;
    const auto insert = [id](SqlSession& session) -> SqlResult<std::int64_t> {
      auto transaction = session.begin();
      if (!transaction) return std::unexpected(transaction.error());
      auto inserted = session.execute("INSERT INTO t VALUES ($1)", id);
      if (!inserted) return std::unexpected(inserted.error());
      auto committed = transaction->commit();
      if (!committed) return std::unexpected(committed.error());
      return id;
    };
    const auto result = co_await pool.run(Deadline::after(clock.now(), seconds(2)), insert);
    if (result) {
      writers.committed.push_back(*result);
      ++writers.count;
    } else {
      ++writers.failed;
      co_await pause(executor, milliseconds(5));
    }
  }
}

TEST(PostgresPool, SurvivesAServerThatIsKilledUnderLoad) {
  const SystemClock clock;
  testing::PostgresServer server;
  const DatabaseUrl url = parse_url(server.url(server.create_database()));
  ASSERT_TRUE(SqlSession::open(url, {}).value()->execute("CREATE TABLE t (id BIGINT PRIMARY KEY)"));
  SqlPool pool({.url = url}, clock);
  Writers writers;
  // The server is this thread's child and would die with another.
  std::thread traffic([&] {
    asio::io_context loop(1);
    for (int i = 0; i < 12; ++i) {
      asio::co_spawn(loop, keep_writing(loop.get_executor(), pool, clock, writers), [](std::exception_ptr failure) {
        if (failure) report(std::move(failure));
      });
    }
    loop.run();
  });
  EXPECT_TRUE(writers.commit_more(100));
  server.kill();
  server.restart();
  EXPECT_TRUE(writers.commit_more(100)) << "healthy again within five seconds";
  server.stop();
  server.restart();
  EXPECT_TRUE(writers.commit_more(100)) << "healthy again within five seconds";
  writers.stop = true;
  traffic.join();
  pool.stop();
  EXPECT_GT(writers.failed, 0) << "the outage was not noticed: the test proves nothing";
  auto session = SqlSession::open(url, {}).value();
  for (const std::int64_t id : writers.committed) {
    const auto row = session->query_one("SELECT id FROM t WHERE id = $1", id);
    ASSERT_TRUE(row) << row.error().describe();
    EXPECT_TRUE(row->has_value()) << "the commit of " << id << " was reported and is lost";
  }
}

}  // namespace
}  // namespace sallyport::storage
