// What a connection to PostgreSQL tells the server, and what the server then does by itself.
#include <thread>

#include "sallyport/testing/tcp_gate.hpp"
#include "sql_rig.hpp"

namespace sallyport::storage {
namespace {

TEST(PostgresSession, TellsTheServerTheLimits) {
  const TestDatabase database(SqlDialect::PostgreSql);
  const auto session = database.session();
  const auto setting = [&](const std::string& name) {
    return session->query_one("SELECT current_setting($1)", name).value()->text(0);
  };
  EXPECT_EQ(setting("statement_timeout"), "2s");
  EXPECT_EQ(setting("lock_timeout"), "1s");
  EXPECT_EQ(setting("idle_in_transaction_session_timeout"), "5s");
  session->set_deadline(in(milliseconds(700)));
  auto transaction = session->begin();
  ASSERT_TRUE(transaction);
  const std::string within = setting("statement_timeout");
  EXPECT_TRUE(within.ends_with("ms") && std::stoi(within) <= 700) << within << ": what is left of the deadline";
}

TEST(PostgresSession, AnIdleTransactionIsEndedByTheServer) {
  const TestDatabase database(SqlDialect::PostgreSql);
  const auto session = database.session({.idle_in_transaction = milliseconds(100)});
  auto transaction = session->begin();
  ASSERT_TRUE(transaction);
  const std::string open =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = '" + std::string(database.url().parameter("dbname")) + "'";
  const Stopwatch watch;
  while (postgres().query(open) != "0" && watch.elapsed() < seconds(5)) std::this_thread::yield();
  EXPECT_EQ(session->query("SELECT 1").error().kind, SqlErrorKind::Unavailable);
  EXPECT_FALSE(transaction->commit());
}

TEST(PostgresSession, GivesUpOnAServerThatAcceptsAndSaysNothing) {
  testing::TcpGate gate(postgres().port());
  gate.silence();
  const Stopwatch watch;
  const auto session = SqlSession::open(parse_url(postgres().url("postgres", gate.port())), {});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, SqlErrorKind::NotSent);
  EXPECT_GE(watch.elapsed(), milliseconds(900));
  EXPECT_LT(watch.elapsed(), milliseconds(3500));
}

}  // namespace
}  // namespace sallyport::storage
