#include "sallyport/storage/sql/pool.hpp"

#include <atomic>
#include <new>
#include <thread>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "sallyport/testing/fake_clock.hpp"
#include "sql_pool_rig.hpp"

namespace sallyport::storage {
namespace {

/// Holds its connection until the gate opens.
struct Blocker {
  std::shared_ptr<std::atomic<bool>> open = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<std::atomic<int>> begun = std::make_shared<std::atomic<int>>(0);
  SqlResult<std::int64_t> operator()(SqlSession& session) const {
    ++*begun;
    open->wait(false);
    return one(session);
  }
  void release() const {
    open->store(true);
    open->notify_all();
  }
};

Task<> until_begun(Executor executor, const Blocker& blocker, int count) {
  for (int i = 0; i < 2000 && *blocker.begun < count; ++i) co_await pause(executor, milliseconds(2));
  EXPECT_EQ(*blocker.begun, count);
}

class SqlPoolTest : public OnBothEngines {
 protected:
  SqlPoolOptions options(std::size_t connections = 8) const {
    return {.url = database_.url(), .connections_max = connections};
  }
  Deadline soon() const { return Deadline::after(clock_.now(), seconds(10)); }
  SystemClock clock_;
  TestDatabase database_{GetParam()};
};

TEST_P(SqlPoolTest, RunsWorkOnItsThreadsAndAnswersOnTheLoop) {
  SqlPool pool(options(), clock_);
  const auto loop = std::this_thread::get_id();
  testing::run_task([&](Executor) -> Task<> {
    return [](SqlPool& p, Deadline deadline, std::thread::id mine) -> Task<> {
      std::thread::id theirs;
      const auto work = [&theirs](SqlSession& session) {
        theirs = std::this_thread::get_id();
        return one(session);
      };
      const auto result = co_await p.run(deadline, work);
      EXPECT_EQ(result, 1);
      EXPECT_EQ(std::this_thread::get_id(), mine);
      EXPECT_NE(theirs, mine);
    }(pool, soon(), loop);
  });
  EXPECT_EQ(pool.statistics().open, 1U);
  EXPECT_EQ(pool.statistics().busy, 0U);
}

TEST_P(SqlPoolTest, ReusesAConnectionInsteadOfOpeningAll) {
  SqlPool pool(options(), clock_);
  Tally tally;
  testing::run_task([&](Executor) -> Task<> {
    return [](SqlPool& p, const Clock& clock, Tally& t) -> Task<> {
      for (int i = 0; i < 50; ++i) co_await ask(p, clock, t, seconds(10), one);
    }(pool, clock_, tally);
  });
  EXPECT_EQ(tally.good, 50);
  EXPECT_EQ(pool.statistics().connected, 1U);
}

TEST_P(SqlPoolTest, HandsOnExceptionsAndRowErrors) {
  SqlPool pool(options(1), clock_);
  testing::run_task([&](Executor) -> Task<> {
    return [](SqlPool& p, Deadline deadline) -> Task<> {
      const auto null = [](SqlSession& session) -> SqlResult<std::int64_t> {
        return session.query_one("SELECT NULL").value()->integer(0);
      };
      const auto result = co_await p.run(deadline, null);
      EXPECT_EQ(result.error().kind, SqlErrorKind::Other);
      const auto bug = [](SqlSession&) -> SqlResult<> { throw std::logic_error("a bug"); };
      try {
        static_cast<void>(co_await p.run(deadline, bug));
        ADD_FAILURE() << "nothing was thrown";
      } catch (const std::logic_error& thrown) {
        EXPECT_STREQ(thrown.what(), "a bug");
      }
      EXPECT_EQ(co_await p.run(deadline, one), 1);
    }(pool, soon());
  });
}

TEST_P(SqlPoolTest, RollsBackWhatWorkLeavesOpen) {
  database_.run("CREATE TABLE t (x INTEGER)");
  SqlPool pool(options(1), clock_);
  testing::run_task([&](Executor) -> Task<> {
    return [](SqlPool& p, Deadline deadline) -> Task<> {
      const auto leave = [](SqlSession& session) -> SqlResult<std::int64_t> {
        // As a forgotten transaction would: not even its destructor runs.
        auto* const forgotten = new auto(session.begin().value());
        static_cast<void>(session.execute("INSERT INTO t VALUES (1)"));
        ::operator delete(forgotten);
        return 0;
      };
      EXPECT_TRUE(co_await p.run(deadline, leave));
      EXPECT_EQ(co_await p.run(deadline, one), 1);
    }(pool, soon());
  });
  EXPECT_EQ(database_.count("t"), 0);
}

TEST_P(SqlPoolTest, WhenAllConnectionsAreBusyEverybodyIsAnsweredInTime) {
  SqlPool pool(options(2), clock_);
  const Blocker blocker;
  Tally blocked, waiting, late;
  testing::run_task([&](Executor executor) -> Task<> {
    return [](Executor e, SqlPool& p, const Clock& clock, const Blocker& b, Tally& first, Tally& second,
              Tally& third) -> Task<> {
      runtime::TaskScope scope(e, 1000, report);
      for (int i = 0; i < 2; ++i) scope.spawn(ask(p, clock, first, seconds(20), b));
      co_await until_begun(e, b, 2);
      for (int i = 0; i < 250; ++i) scope.spawn(ask(p, clock, second, seconds(20), one));
      for (int i = 0; i < 1000 && p.statistics().waiting > 0; ++i) co_await pause(e, milliseconds(5));
      b.release();
      for (int i = 0; i < 20; ++i) scope.spawn(ask(p, clock, third, seconds(20), one));
      co_await scope.join();
    }(executor, pool, clock_, blocker, blocked, waiting, late);
  });
  EXPECT_EQ(blocked.good, 2);
  EXPECT_EQ(waiting.errors[SqlErrorKind::Overloaded], 250);
  EXPECT_LT(waiting.slowest, milliseconds(3000));
  EXPECT_EQ(late.good, 20) << "the pool is whole afterwards";
  EXPECT_EQ(pool.statistics().overloaded, 250U);
  EXPECT_EQ(pool.statistics().connected, 2U);
}

TEST_P(SqlPoolTest, GivesTheCallerUpAtTheDeadlineAndFinishesTheWork) {
  SqlPool pool(options(1), clock_);
  const Blocker blocker;
  Tally tally;
  testing::run_task([&](Executor executor) -> Task<> {
    return [](Executor e, SqlPool& p, const Clock& clock, const Blocker& b, Tally& t) -> Task<> {
      co_await ask(p, clock, t, milliseconds(300), b);
      EXPECT_EQ(t.errors[SqlErrorKind::OutcomeUnknown], 1);
      EXPECT_LT(t.slowest, milliseconds(3000));
      b.release();
      for (int i = 0; i < 1000 && p.statistics().busy > 0; ++i) co_await pause(e, milliseconds(5));
      co_await ask(p, clock, t, seconds(10), one);
      EXPECT_EQ(t.good, 1);
    }(executor, pool, clock_, blocker, tally);
  });
}

TEST_P(SqlPoolTest, StopsEndlessStatementsAtTheCallersDeadline) {
  SqlPool pool(options(4), clock_);
  const std::string sql = endless(GetParam());
  Tally tally;
  testing::run_task([&](Executor executor) -> Task<> {
    return [](Executor e, SqlPool& p, const Clock& clock, std::string text, Tally& t) -> Task<> {
      const auto work = [text](SqlSession& session) -> SqlResult<std::int64_t> {
        auto rows = session.query(text);
        if (!rows) return std::unexpected(rows.error());
        return 0;
      };
      runtime::TaskScope scope(e, 100, report);
      for (int i = 0; i < 4; ++i) scope.spawn(ask(p, clock, t, milliseconds(400), work));
      co_await scope.join();
      EXPECT_EQ(t.errors[SqlErrorKind::Timeout] + t.errors[SqlErrorKind::OutcomeUnknown], 4);
      EXPECT_GE(t.errors[SqlErrorKind::Timeout], 1);
      for (int i = 0; i < 1000 && p.statistics().busy > 0; ++i) co_await pause(e, milliseconds(5));
      co_await ask(p, clock, t, seconds(10), one);
      EXPECT_EQ(t.good, 1);
    }(executor, pool, clock_, sql, tally);
  });
  EXPECT_LT(tally.slowest, milliseconds(3000));
}

TEST_P(SqlPoolTest, ReadsDeadlinesFromTheCallersClock) {
  testing::FakeClock clock;
  SqlPool pool(options(1), clock);
  testing::run_task([&](Executor) -> Task<> {
    return [](SqlPool& p, testing::FakeClock& c) -> Task<> {
      const Deadline past = Deadline::after(c.now(), milliseconds(0));
      EXPECT_EQ((co_await p.run(past, one)).error().kind, SqlErrorKind::Timeout);
      EXPECT_EQ(co_await p.run(Deadline::after(c.now(), seconds(5)), one), 1);
    }(pool, clock);
  });
  EXPECT_EQ(pool.statistics().jobs, 1U);
}

TEST_P(SqlPoolTest, ACancelledCallerLeavesTheQueueAndTheWorkerAlone) {
  SqlPool pool(options(1), clock_);
  const Blocker blocker;
  Tally tally;
  asio::cancellation_signal running, queued;
  int ended = 0;
  asio::io_context loop(1);
  const auto spawn = [&](asio::cancellation_signal& signal, Task<> task) {
    asio::co_spawn(loop, std::move(task),
                   asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr) { ++ended; }));
  };
  spawn(running, ask(pool, clock_, tally, seconds(20), blocker));
  testing::run_task_on(loop, [&](Executor executor) { return until_begun(executor, blocker, 1); });
  spawn(queued, ask(pool, clock_, tally, seconds(20), one));
  loop.poll();
  EXPECT_EQ(pool.statistics().waiting, 1U);
  queued.emit(asio::cancellation_type::terminal);
  running.emit(asio::cancellation_type::terminal);
  loop.poll();
  EXPECT_EQ(ended, 2);
  EXPECT_EQ(tally.errors[SqlErrorKind::NotSent], 1) << "it had not begun";
  EXPECT_EQ(tally.errors[SqlErrorKind::OutcomeUnknown], 1);
  EXPECT_EQ(pool.statistics().waiting, 0U);
  EXPECT_EQ(pool.statistics().busy, 1U);
  blocker.release();
  Tally after;
  loop.restart();
  testing::run_task_on(loop, [&](Executor) { return ask(pool, clock_, after, seconds(10), one); });
  EXPECT_EQ(after.good, 1);
}

TEST_P(SqlPoolTest, FailsWhatWaitsWhenItStops) {
  SqlPool pool(options(1), clock_);
  const Blocker blocker;
  Tally first, second;
  testing::run_task([&](Executor executor) -> Task<> {
    return [](Executor e, SqlPool& p, const Clock& clock, const Blocker& b, Tally& f, Tally& s) -> Task<> {
      runtime::TaskScope scope(e, 10, report);
      scope.spawn(ask(p, clock, f, seconds(20), b));
      co_await until_begun(e, b, 1);
      scope.spawn(ask(p, clock, s, seconds(20), one));
      co_await asio::post(e, runtime::use_task);
      std::thread stopper([&p] { p.stop(); });
      while (p.statistics().waiting > 0) co_await asio::post(e, runtime::use_task);
      b.release();
      stopper.join();
      co_await scope.join();
      co_await ask(p, clock, s, seconds(20), one);
    }(executor, pool, clock_, blocker, first, second);
  });
  EXPECT_EQ(first.good, 1);
  EXPECT_EQ(second.errors[SqlErrorKind::NotSent], 2);
  EXPECT_EQ(pool.statistics().open, 0U);
}

TEST_P(SqlPoolTest, ReplacesAConnectionThatHasGrownOld) {
  SqlPoolOptions young = options(1);
  young.recycle_after = std::chrono::minutes(0);
  SqlPool pool(young, clock_);
  Tally tally;
  testing::run_task([&](Executor) -> Task<> {
    return [](SqlPool& p, const Clock& clock, Tally& t) -> Task<> {
      for (int i = 0; i < 5; ++i) co_await ask(p, clock, t, seconds(10), one);
    }(pool, clock_, tally);
  });
  EXPECT_EQ(tally.good, 5);
  pool.stop();
  EXPECT_EQ(pool.statistics().recycled, 5U);
  EXPECT_EQ(pool.statistics().connected, 5U);
}

TEST_P(SqlPoolTest, WritersTakeTurns) {
  database_.run("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (0)");
  SqlPoolOptions patient = options(8);
  patient.acquire = seconds(20);
  patient.limits = {.statement = seconds(20), .lock = seconds(20)};
  SqlPool pool(patient, clock_);
  Tally tally;
  testing::run_task([&](Executor executor) -> Task<> {
    return [](Executor e, SqlPool& p, const Clock& clock, Tally& t) -> Task<> {
      const auto add = [](SqlSession& session) -> SqlResult<std::int64_t> {
        auto transaction = session.begin();
        if (!transaction) return std::unexpected(transaction.error());
        auto updated = session.execute("UPDATE t SET x = x + 1");
        if (!updated) return std::unexpected(updated.error());
        auto committed = transaction->commit();
        if (!committed) return std::unexpected(committed.error());
        return 1;
      };
      runtime::TaskScope scope(e, 1000, report);
      for (int i = 0; i < 100; ++i) scope.spawn(ask(p, clock, t, seconds(25), add));
      co_await scope.join();
    }(executor, pool, clock_, tally);
  });
  EXPECT_EQ(tally.good, 100) << (tally.errors.empty() ? "" : name_of(tally.errors.begin()->first));
  EXPECT_EQ(database_.session()->query_one("SELECT x FROM t").value()->integer(0), 100);
}

INSTANTIATE_TEST_SUITE_P(Engines, SqlPoolTest, ::testing::Values(SqlDialect::PostgreSql, SqlDialect::Sqlite),
                         engine_name);

}  // namespace
}  // namespace sallyport::storage
