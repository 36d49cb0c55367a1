#include "payment_rig.hpp"

namespace sallyport::payments {
namespace {

class PaymentStorage : public PaymentContract {};
INSTANTIATE_TEST_SUITE_P(Engines, PaymentStorage, ::testing::Values(Engine::Sqlite, Engine::PostgreSql), engine_name);

TEST_P(PaymentStorage, TheLedgerOnlyGrows) {
  Rig rig(database);
  rig.made(1000);
  for (const char* statement : {"UPDATE payment_events SET amount = 1", "DELETE FROM payment_events"}) {
    EXPECT_FALSE(database.direct().execute(statement)) << statement;
  }
  if (GetParam() == Engine::PostgreSql) {
    EXPECT_FALSE(database.direct().execute("TRUNCATE payment_events"));
  } else {
    EXPECT_FALSE(database.direct().execute("INSERT OR REPLACE INTO payment_events SELECT * FROM payment_events"));
  }
  EXPECT_EQ(database.number("SELECT SUM(amount) FROM payment_events WHERE type = 'captured'"), 1000);
}

TEST_P(PaymentStorage, TheTablesRefuseSumsThatCannotBe) {
  Rig rig(database);
  rig.made(1000);
  for (const char* change : {"captured_amount = 1001", "refunded_amount = 1001", "captured_amount = -1",
                             "refunded_amount = -1", "amount = 0", "amount = 100000000", "status = 'paid'"}) {
    const auto changed = database.direct().execute(std::string("UPDATE payments SET ") + change);
    ASSERT_FALSE(changed) << change;
    EXPECT_EQ(changed.error().kind, storage::SqlErrorKind::Check) << change;
  }
}

TEST_P(PaymentStorage, OneChangeOfAnAuthorizationIsUnderWayAtATime) {
  Rig rig(database);
  const auto id = rig.made(1000, CaptureMode::Later);
  const std::string insert =
      "INSERT INTO payment_operations (id, payment_id, kind, amount, state, due_at, created_at) VALUES ('01a20d11-52c4-"
      "7b1e-8a3f-6c2d9e0b471";
  const std::string rest = "', '" + id.to_string() + "', 'capture', 1, 'pending', 1, 1)";
  EXPECT_TRUE(database.direct().execute(insert + "1" + rest));
  const auto second = database.direct().execute(insert + "2" + rest);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, storage::SqlErrorKind::UniqueViolation);
}

class PaymentRoles : public PaymentContract {};
INSTANTIATE_TEST_SUITE_P(Engines, PaymentRoles, ::testing::Values(Engine::PostgreSql), engine_name);

TEST_P(PaymentRoles, TheRunRoleCanDoItsWorkAndNoMore) {
  Rig rig(database, "sallyport_payments");
  const auto id = rig.made(1000, CaptureMode::Later);
  EXPECT_EQ(told(rig.capture(id)), "200 captured");
  EXPECT_EQ(told(rig.refund(id, 400)), "201 succeeded");
  rig.processor.mood = ScriptedProcessor::Mood::LoseAnswer;
  EXPECT_EQ(told(rig.refund(id, 100)), "202 processing");
  pass_time(database, 25h);
  EXPECT_EQ(rig.reconcile().settled, 1U);
  EXPECT_GT(rig.run([&] { return rig.repository.clean(rig.soon()); }), 0U);
  EXPECT_EQ(rig.run([&] { return rig.service.list({.user = rig.user}, rig.soon()); }).payments.size(), 1U);

  auto session = storage::SqlSession::open(database.url(0, "sallyport_payments"), storage::SqlLimits{});
  ASSERT_TRUE(session);
  for (const char* statement :
       {"SELECT * FROM users", "SELECT * FROM sessions", "SELECT * FROM refresh_tokens", "SELECT * FROM audit_events",
        "DELETE FROM payments", "DELETE FROM payment_operations", "DELETE FROM refunds",
        "UPDATE payment_events SET amount = 1", "DELETE FROM payment_events", "TRUNCATE payments",
        "CREATE TABLE mine (x INT)", "DROP TABLE payments", "DELETE FROM schema_migrations"}) {
    const auto done = (*session)->execute(statement);
    ASSERT_FALSE(done) << statement;
    EXPECT_EQ(done.error().sqlstate, "42501") << statement << ": " << done.error().describe();
  }
}

}  // namespace
}  // namespace sallyport::payments
