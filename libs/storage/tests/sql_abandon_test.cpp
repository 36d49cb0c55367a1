// Work whose client has gone: what asks for it is stopped on the server, the rest is finished.
#include <atomic>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "sallyport/testing/tcp_gate.hpp"
#include "sql/canceller.hpp"
#include "sql_pool_rig.hpp"

namespace sallyport::storage {
namespace {

using Work = std::function<SqlResult<std::int64_t>(SqlSession&)>;

Task<> ask_for(SqlPool& pool, const Clock& clock, Tally& tally, Work work, WhenAbandoned abandoned) {
  const Stopwatch watch;
  const auto result = co_await pool.run(Deadline::after(clock.now(), seconds(30)), std::move(work), abandoned);
  tally.add(result, watch.elapsed());
}

/// A caller whose client can go.
class Caller {
 public:
  Caller(asio::io_context& loop, Task<> task) {
    asio::co_spawn(loop, std::move(task),
                   asio::bind_cancellation_slot(signal_.slot(), [this](std::exception_ptr failure) {
                     ended = true;
                     if (failure) report(std::move(failure));
                   }));
  }
  void client_goes() { signal_.emit(asio::cancellation_type::total); }
  bool ended = false;

 private:
  asio::cancellation_signal signal_;
};

class AbandonedWork : public OnBothEngines {
 protected:
  AbandonedWork() { database_.run("CREATE TABLE t (x INTEGER)"); }
  SqlPoolOptions options(std::size_t connections) const {
    return {.url = database_.url(), .connections_max = connections, .limits = {.statement = seconds(25)}};
  }
  Task<> ask(SqlPool& pool, Work work, WhenAbandoned abandoned) {
    return ask_for(pool, clock_, tally_, std::move(work), abandoned);
  }
  template <class Done>
  bool run_until(Done done) {
    loop_.restart();
    const Stopwatch watch;
    while (!done() && watch.elapsed() < seconds(10)) loop_.run_one_for(milliseconds(5));
    return done();
  }
  Work endless_work() {
    return [sql = endless(GetParam()), begun = begun_](SqlSession& session) -> SqlResult<std::int64_t> {
      ++*begun;
      auto rows = session.query(sql);
      if (!rows) return std::unexpected(rows.error());
      return 0;
    };
  }
  /// Begins a transaction, waits for `go_on`, inserts and commits.
  Work slow_insert() {
    return [begun = begun_, go_on = go_on_](SqlSession& session) -> SqlResult<std::int64_t> {
      auto transaction = session.begin();
      if (!transaction) return std::unexpected(transaction.error());
      ++*begun;
      go_on->wait(false);
      auto inserted = session.execute("INSERT INTO t VALUES (1)");
      if (!inserted) return std::unexpected(inserted.error());
      auto committed = transaction->commit();
      if (!committed) return std::unexpected(committed.error());
      return 1;
    };
  }
  void go_on() {
    go_on_->store(true);
    go_on_->notify_all();
  }
  SystemClock clock_;
  TestDatabase database_{GetParam()};
  asio::io_context loop_{1};
  Tally tally_;
  std::shared_ptr<std::atomic<int>> begun_ = std::make_shared<std::atomic<int>>(0);
  std::shared_ptr<std::atomic<bool>> go_on_ = std::make_shared<std::atomic<bool>>(false);
};

TEST_P(AbandonedWork, IsStoppedOnTheServerAndItsConnectionKept) {
  SqlPool pool(options(1), clock_);
  Caller caller(loop_, ask(pool, endless_work(), WhenAbandoned::Cancel));
  ASSERT_TRUE(run_until([&] { return begun_->load() == 1; }));
  caller.client_goes();
  const Stopwatch watch;
  ASSERT_TRUE(run_until([&] {
    if (*begun_ == 1 && !caller.ended) caller.client_goes();  // the server says it again and again
    return caller.ended;
  }));
  EXPECT_LT(watch.elapsed(), milliseconds(3000));
  EXPECT_EQ(tally_.errors[SqlErrorKind::Timeout], 1);
  EXPECT_EQ(pool.statistics().abandoned, 1U);
  Caller next(loop_, ask(pool, one, WhenAbandoned::Cancel));
  ASSERT_TRUE(run_until([&] { return next.ended; }));
  EXPECT_EQ(tally_.good, 1);
  if (GetParam() == SqlDialect::PostgreSql) {
    EXPECT_EQ(pool.statistics().connected, 1U);
    EXPECT_EQ(postgres().query("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"), "0");
  }
}

TEST_P(AbandonedWork, LeavesItsCallerAbleToGoOn) {
  SqlPool pool(options(1), clock_);
  bool finished = false;
  const auto both = [](SqlPool& p, const Clock& clock, Tally& tally, Work first, bool& done) -> Task<> {
    co_await ask_for(p, clock, tally, std::move(first), WhenAbandoned::Cancel);
    co_await ask_for(p, clock, tally, one, WhenAbandoned::Cancel);  // what is owed in any case
    done = true;
  };
  Caller caller(loop_, both(pool, clock_, tally_, endless_work(), finished));
  ASSERT_TRUE(run_until([&] { return begun_->load() == 1; }));
  caller.client_goes();
  ASSERT_TRUE(run_until([&] { return caller.ended; }));
  EXPECT_TRUE(finished);
  EXPECT_EQ(tally_.good, 1);
}

TEST_P(AbandonedWork, IsFinishedWhereTheCallerWantsThat) {
  SqlPool pool(options(1), clock_);
  Caller caller(loop_, ask(pool, slow_insert(), WhenAbandoned::Finish));
  ASSERT_TRUE(run_until([&] { return begun_->load() == 1; }));
  caller.client_goes();
  loop_.poll();
  EXPECT_FALSE(caller.ended);
  go_on();
  ASSERT_TRUE(run_until([&] { return caller.ended; }));
  EXPECT_EQ(tally_.good, 1);
  EXPECT_EQ(pool.statistics().abandoned, 0U);
  EXPECT_EQ(database_.count("t"), 1);
}

TEST_P(AbandonedWork, DoesNotCommitWhatItHadBegun) {
  SqlPool pool(options(1), clock_);
  Caller caller(loop_, ask(pool, slow_insert(), WhenAbandoned::Cancel));
  ASSERT_TRUE(run_until([&] { return begun_->load() == 1; }));
  caller.client_goes();
  ASSERT_TRUE(run_until([&] { return pool.statistics().abandoned == 1; }));
  go_on();
  ASSERT_TRUE(run_until([&] { return caller.ended; }));
  EXPECT_EQ(tally_.errors[SqlErrorKind::Timeout], 1);
  EXPECT_EQ(database_.count("t"), 0);
}

TEST_P(AbandonedWork, LeavesTheQueueAtOnce) {
  SqlPoolOptions patient = options(1);
  patient.acquire = seconds(20);
  SqlPool pool(patient, clock_);
  Caller holder(loop_, ask(pool, slow_insert(), WhenAbandoned::Finish));
  ASSERT_TRUE(run_until([&] { return begun_->load() == 1; }));
  Caller waiting(loop_, ask(pool, one, WhenAbandoned::Cancel));
  ASSERT_TRUE(run_until([&] { return pool.statistics().waiting == 1; }));
  waiting.client_goes();
  ASSERT_TRUE(run_until([&] { return waiting.ended; }));
  EXPECT_EQ(tally_.errors[SqlErrorKind::NotSent], 1);
  EXPECT_EQ(pool.statistics().waiting, 0U);
  go_on();
  ASSERT_TRUE(run_until([&] { return holder.ended; }));
}

INSTANTIATE_TEST_SUITE_P(Engines, AbandonedWork, ::testing::Values(SqlDialect::PostgreSql, SqlDialect::Sqlite),
                         engine_name);

TEST(PostgresPool, AHangingRequestToCancelHoldsNobodyUp) {
  const SystemClock clock;
  testing::TcpGate gate(postgres().port());
  SqlPoolOptions options{.url = parse_url(postgres().url("postgres", gate.port())), .connections_max = 1};
  options.limits.statement = milliseconds(500);
  asio::io_context loop(1);
  Tally tally;
  const Stopwatch watch;
  {
    SqlPool pool(options, clock);
    const Work sleep = [](SqlSession& session) -> SqlResult<std::int64_t> {
      auto rows = session.query("SELECT pg_sleep(60)");
      if (!rows) return std::unexpected(rows.error());
      return 0;
    };
    Caller caller(loop, ask_for(pool, clock, tally, sleep, WhenAbandoned::Cancel));
    while (pool.statistics().busy == 0 && watch.elapsed() < seconds(5)) loop.run_one_for(milliseconds(5));
    gate.silence();
    caller.client_goes();
    while (!caller.ended && watch.elapsed() < seconds(10)) loop.run_one_for(milliseconds(5));
    EXPECT_TRUE(caller.ended);
  }
  EXPECT_LT(watch.elapsed(), seconds(6)) << "the pool's end waits for a while only";
}

TEST(Canceller, TakesBackWhatWasNotSentAndGivesUpWhatHangs) {
  auto go = std::make_shared<std::atomic<bool>>(false);
  auto ran = std::make_shared<std::atomic<int>>(0);
  sql::Canceller canceller;
  const auto hanging = canceller.send([go, ran] {
    ++*ran;
    go->wait(false);
  });
  while (*ran == 0) std::this_thread::yield();
  const auto queued = canceller.send([ran] { *ran += 100; });
  EXPECT_FALSE(canceller.settle(hanging, milliseconds(20)));
  EXPECT_TRUE(canceller.settle(queued, milliseconds(20)));
  *go = true;
  go->notify_all();
  EXPECT_TRUE(canceller.settle(hanging, seconds(10)));
  EXPECT_EQ(*ran, 1);
}

}  // namespace
}  // namespace sallyport::storage
