#include "account_rig.hpp"

namespace sallyport::accounts {
namespace {

class AuditContract : public AccountContract {
 protected:
  Rig rig{database};
};

TEST_P(AuditContract, AnEventSaysWhoWhomAndFromWhere) {
  const UserId admin = rig.add_user("root@example.com", Role::Admin);
  const UserId ada = rig.add_user();
  const RequestOrigin origin{.actor = admin, .address = "192.0.2.7", .user_agent = {}, .request_id = "req-1"};
  AuditEvent event{.type = AuditType::AdminAction, .subject = ada, .origin = origin};
  event.details.emplace_back("note", "\"quoted\"\n</script>");
  rig.run([&] { return rig.repository.record(event, rig.soon()); });

  const auto found = rig.run([&] { return rig.repository.audit_events({.type = AuditType::AdminAction}, rig.soon()); });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].type, "admin.action");
  EXPECT_EQ(found[0].severity, "info");
  EXPECT_EQ(found[0].actor_id, admin.to_string());
  EXPECT_EQ(found[0].subject_id, ada.to_string());
  EXPECT_EQ(found[0].address, "192.0.2.7");
  EXPECT_EQ(found[0].request_id, "req-1");
  EXPECT_TRUE(found[0].details.starts_with("{\"note\":\"\\\"quoted\\\"\\n")) << found[0].details;
  const auto age = std::chrono::system_clock::now() - found[0].at;
  EXPECT_LT(age, 60s);
  EXPECT_GT(age, -60s);
  EXPECT_NE(rig.log_text().find("\"admin.action\""), std::string::npos);
}

TEST_P(AuditContract, AnActorWhoIsNoUserIsNamed) {
  const UserId ada = rig.add_user();
  const RequestOrigin origin{.actor_name = "command line"};
  AuditEvent event{.type = AuditType::AdminAction, .subject = ada, .origin = origin};
  rig.run([&] { return rig.repository.record(event, rig.soon()); });
  const auto found = rig.run([&] { return rig.repository.audit_events({.type = AuditType::AdminAction}, rig.soon()); });
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].actor_id, "command line");
  EXPECT_EQ(found[0].subject_id, ada.to_string());
  EXPECT_NE(rig.log_text().find("\"actor_id\":\"command line\""), std::string::npos);
}

TEST_P(AuditContract, PagesMeetWithoutGapOrOverlap) {
  const UserId ada = rig.add_user();
  for (int i = 0; i < 25; ++i) {
    AuditEvent event{.type = AuditType::LoginFailed, .subject = ada};
    rig.run([&] { return rig.repository.record(event, rig.soon()); });
  }
  AuditQuery query{.subject = ada, .limit = 7};
  std::vector<AuditEventId> seen;
  std::optional<Timestamp> last_time;
  while (true) {
    const auto page = rig.run([&] { return rig.repository.audit_events(query, rig.soon()); });
    if (page.empty()) break;
    EXPECT_LE(page.size(), 7U);
    for (const auto& event : page) {
      EXPECT_TRUE(!last_time || event.at <= *last_time);
      last_time = event.at;
      seen.push_back(event.id);
    }
    query.older_than = std::pair(page.back().at, page.back().id);
  }
  EXPECT_EQ(seen.size(), 26U);
  EXPECT_EQ(std::set<AuditEventId>(seen.begin(), seen.end()).size(), 26U);
}

TEST_P(AuditContract, ConditionsAreCombined) {
  const UserId ada = rig.add_user();
  const UserId bob = rig.add_user("bob@example.com");
  rig.login();
  const auto count = [&](AuditQuery query) {
    return rig.run([&] { return rig.repository.audit_events(query, rig.soon()); }).size();
  };
  EXPECT_EQ(count({}), 3U);
  EXPECT_EQ(count({.type = AuditType::UserRegistered}), 2U);
  EXPECT_EQ(count({.type = AuditType::UserRegistered, .subject = bob}), 1U);
  EXPECT_EQ(count({.subject = ada}), 2U);
  const Timestamp now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  EXPECT_EQ(count({.from = now - 1h, .to = now + 1h}), 3U);
  EXPECT_EQ(count({.from = now + 1h}), 0U);
  EXPECT_EQ(count({.to = now - 1h}), 0U);
}

TEST_P(AuditContract, WhatIsWrittenStays) {
  rig.add_user();
  const std::string changes[] = {"UPDATE audit_events SET type = 'x'", "DELETE FROM audit_events",
                                 GetParam() == Engine::PostgreSql
                                     ? "TRUNCATE audit_events"
                                     : "REPLACE INTO audit_events SELECT id, at, 'x', severity, actor_id, subject_id, "
                                       "session_id, address, request_id, details FROM audit_events"};
  for (const std::string& change : changes) {
    EXPECT_FALSE(database.direct().execute(change).has_value()) << change;
  }
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM audit_events WHERE type = 'user.registered'"), 1);
}

TEST_P(AuditContract, AFailedChangeLeavesNoEvent) {
  rig.add_user();
  const auto again = rig.run([&] {
    return rig.service.register_user(
        Registration{"ADA@example.com ", Secret<std::string>("correct horse"), std::nullopt}, {}, rig.soon());
  });
  EXPECT_TRUE(std::holds_alternative<EmailTaken>(again));
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM audit_events"), 1);
}

TEST_P(AuditContract, NoSecretIsWritten) {
  rig.add_user();
  const auto login = rig.login();
  const std::string key = "client-chosen-key-0123456789";
  rig.refreshed(login.tokens.refresh_token, key);
  rig.refreshed(login.tokens.refresh_token, key);
  rig.refresh(login.tokens.refresh_token, "x" + key);
  auto rows = database.direct().query("SELECT details FROM audit_events");
  ASSERT_TRUE(rows.has_value());
  std::string all = rig.log_text();
  for (const auto& row : *rows) all += row.text(0);
  EXPECT_NE(all.find("token.reuse_detected"), std::string::npos);
  for (const std::string& secret : {key, std::string("correct horse"), std::string("rt1.")}) {
    EXPECT_EQ(all.find(secret), std::string::npos) << secret;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, AuditContract, ::testing::Values(Engine::Sqlite, Engine::PostgreSql), engine_name);

TEST(RunRoles, MayDoWhatTheirServiceDoesAndNoMore) {
  TestDatabase database(Engine::PostgreSql);
  for (int i = 0; i < 2; ++i) database.create_roles();
  // The trigger aside: the right itself must be missing.
  ASSERT_TRUE(database.direct().run_script("ALTER TABLE audit_events DISABLE TRIGGER ALL").has_value());
  struct Row {
    const char* role;
    const char* sql;
    bool allowed;
  };
  const Row rows[] = {
      {"sallyport_auth", "INSERT INTO audit_events (id, at, type, severity) VALUES (repeat('a', 36), 1, 'x', 'info')",
       true},
      {"sallyport_auth", "SELECT COUNT(*) FROM audit_events", true},
      {"sallyport_auth", "UPDATE audit_events SET type = 'y'", false},
      {"sallyport_auth", "DELETE FROM audit_events", false},
      {"sallyport_auth", "TRUNCATE audit_events", false},
      {"sallyport_auth", "DELETE FROM users", false},
      {"sallyport_auth", "DELETE FROM refresh_tokens", true},
      {"sallyport_auth", "SELECT id FROM users FOR UPDATE", true},
      {"sallyport_admin", "SELECT id, email FROM users FOR UPDATE", true},
      {"sallyport_admin", "SELECT password_hash FROM users", false},
      {"sallyport_admin", "UPDATE users SET password_hash = 'x'", false},
      {"sallyport_admin", "SELECT nonce FROM refresh_tokens", false},
      {"sallyport_admin", "DELETE FROM audit_events", false},
      {"sallyport_admin", "UPDATE audit_events SET type = 'y'", false},
      {"sallyport_admin", "TRUNCATE audit_events", false},
      {"sallyport_admin", "DELETE FROM sessions", false},
      {"sallyport_admin", "SELECT token_hash FROM refresh_tokens", false},
      {"sallyport_payments", "SELECT password_hash FROM users", false},
      {"sallyport_payments", "SELECT nonce FROM refresh_tokens", false},
      {"sallyport_payments", "UPDATE users SET role = 'admin'", false},
      {"sallyport_payments", "UPDATE audit_events SET type = 'y'", false},
      {"sallyport_payments", "DELETE FROM audit_events", false},
      {"sallyport_payments", "TRUNCATE audit_events", false},
      {"sallyport_payments", "SELECT id FROM users", false},
      {"sallyport_payments", "SELECT id FROM audit_events", false},
  };
  for (const Row& row : rows) {
    ASSERT_TRUE(database.direct().execute("SET ROLE " + std::string(row.role)).has_value());
    const auto done = database.direct().query(row.sql);
    EXPECT_EQ(done.has_value(), row.allowed) << row.role << ": " << row.sql;
    if (!done) EXPECT_EQ(done.error().sqlstate, "42501") << row.role << ": " << row.sql;
    ASSERT_TRUE(database.direct().execute("RESET ROLE").has_value());
  }
}

TEST(RunRoles, ChangeNoSchema) {
  TestDatabase database(Engine::PostgreSql);
  database.create_roles();
  const auto tables = database.direct().query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'");
  ASSERT_TRUE(tables.has_value());
  ASSERT_GE(tables->size(), 5U);
  for (const std::string role : {"sallyport_auth", "sallyport_admin", "sallyport_payments"}) {
    std::vector<std::string> statements = {"CREATE TABLE mine (x INT)", "CREATE ROLE mine", "CREATE SCHEMA mine",
                                           "INSERT INTO schema_migrations VALUES (9, 'x', 'x', 1)",
                                           "DROP FUNCTION audit_events_are_append_only() CASCADE"};
    for (const auto& table : *tables) {
      statements.push_back("ALTER TABLE " + table.text(0) + " ADD COLUMN x INT");
      statements.push_back("ALTER TABLE " + table.text(0) + " DISABLE TRIGGER ALL");
      statements.push_back("DROP TABLE " + table.text(0) + " CASCADE");
      statements.push_back("TRUNCATE " + table.text(0) + " CASCADE");
    }
    ASSERT_TRUE(database.direct().execute("SET ROLE " + role).has_value());
    for (const std::string& sql : statements) {
      const auto done = database.direct().execute(sql);
      ASSERT_FALSE(done.has_value()) << role << ": " << sql;
      EXPECT_EQ(done.error().sqlstate, "42501") << role << ": " << sql;
    }
    ASSERT_TRUE(database.direct().execute("RESET ROLE").has_value());
    EXPECT_EQ(database.number("SELECT count(*) FROM pg_roles WHERE rolname = '" + role +
                              "' AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)"),
              1);
  }
}

}  // namespace
}  // namespace sallyport::accounts
