#include "sallyport/storage/sql/migrator.hpp"

#include <algorithm>
#include <atomic>
#include <barrier>
#include <thread>

#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sql_rig.hpp"

namespace sallyport::storage {
namespace {

using State = MigrationStatus::State;

constexpr Migration kFirst{1, "people", "CREATE TABLE people (id BIGINT PRIMARY KEY); INSERT INTO people VALUES (1);"};
constexpr Migration kSecond{2, "names", "ALTER TABLE people ADD COLUMN name TEXT; -- a comment with ; and $1\n"};
constexpr Migration kThird{3, "more", "INSERT INTO people VALUES (3, 'c');"};
constexpr Migration kAll[] = {kFirst, kSecond, kThird};

class MigratorTest : public OnBothEngines {
 protected:
  static constexpr SqlLimits kLimits{
      .statement = milliseconds(0), .lock = seconds(20), .idle_in_transaction = milliseconds(0)};
  SqlResult<std::vector<MigrationStatus>> migrate(std::span<const Migration> migrations) {
    const auto session = database_.session(kLimits);
    return Migrator(*session, migrations, clock_).migrate();
  }
  std::vector<State> states(std::span<const Migration> migrations) {
    const auto session = database_.session();
    std::vector<State> found;
    for (const MigrationStatus& status : Migrator(*session, migrations, clock_).status().value()) {
      found.push_back(status.state);
    }
    return found;
  }
  std::string problem(std::span<const Migration> migrations) {
    const auto session = database_.session();
    return schema_problem(*session, migrations).value().value_or("");
  }
  SystemClock clock_;
  TestDatabase database_{GetParam()};
};

TEST_P(MigratorTest, AppliesInOrderOnceAndRemembers) {
  EXPECT_EQ(states(kAll), std::vector(3, State::Pending));
  EXPECT_NE(problem(kAll).find("0001_people"), std::string::npos);
  const auto applied = migrate(std::span(kAll, 2));
  ASSERT_TRUE(applied) << applied.error().describe();
  ASSERT_EQ(applied->size(), 2U);
  EXPECT_EQ(applied->at(1).name, "names");
  EXPECT_EQ(states(kAll), (std::vector{State::Applied, State::Applied, State::Pending}));
  EXPECT_EQ(migrate(std::span(kAll, 2)).value().size(), 0U);
  EXPECT_EQ(migrate(kAll).value().size(), 1U);
  EXPECT_EQ(problem(kAll), "");
  EXPECT_EQ(database_.count("people"), 2);
  const auto row = database_.session()->query_one("SELECT applied_at FROM schema_migrations WHERE version = 3");
  EXPECT_GT(row.value()->integer(0), 1'600'000'000'000'000) << "microseconds";
}

TEST_P(MigratorTest, LooksWithoutChangingAnything) {
  EXPECT_EQ(states(kAll).size(), 3U);
  EXPECT_FALSE(database_.session()->query("SELECT * FROM schema_migrations"));
}

TEST_P(MigratorTest, RefusesATextThatChangedAfterItWasApplied) {
  ASSERT_TRUE(migrate(std::span(kAll, 1)));
  const Migration changed[] = {{1, "people", "CREATE TABLE people (id BIGINT PRIMARY KEY);"}, kSecond};
  EXPECT_EQ(states(changed), (std::vector{State::Changed, State::Pending}));
  const auto result = migrate(changed);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().detail.find("0001_people"), std::string::npos) << result.error().detail;
  EXPECT_EQ(states(std::span(kAll, 2)), (std::vector{State::Applied, State::Pending})) << "nothing was changed";
}

TEST_P(MigratorTest, RefusesADatabaseThatIsNewer) {
  ASSERT_TRUE(migrate(kAll));
  EXPECT_EQ(states(std::span(kAll, 2)), (std::vector{State::Applied, State::Applied, State::Unknown}));
  EXPECT_NE(migrate(std::span(kAll, 2)).error().detail.find("newer"), std::string::npos);
  EXPECT_NE(problem(std::span(kAll, 2)).find("0003_more"), std::string::npos);
}

TEST_P(MigratorTest, RefusesAnOldMigrationThatTurnsUpLate) {
  const Migration without[] = {kFirst, {3, "x", "SELECT 1;"}};
  ASSERT_TRUE(migrate(without));
  const Migration with[] = {kFirst, kSecond, {3, "x", "SELECT 1;"}};
  EXPECT_FALSE(migrate(with));
  EXPECT_EQ(states(with), (std::vector{State::Applied, State::Pending, State::Applied}));
}

TEST_P(MigratorTest, AFailedMigrationLeavesNothingBehind) {
  const Migration broken[] = {
      kFirst,
      {2, "broken", "CREATE TABLE half (id BIGINT); INSERT INTO people VALUES (2); INSERT INTO nowhere VALUES (1);"}};
  const auto result = migrate(broken);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().detail.find("0002_broken"), std::string::npos) << result.error().detail;
  EXPECT_EQ(states(broken), (std::vector{State::Applied, State::Pending}));
  EXPECT_FALSE(database_.session()->query("SELECT * FROM half"));
  EXPECT_EQ(database_.count("people"), 1);
}

TEST_P(MigratorTest, RefusesAMigrationThatEndsItsTransaction) {
  const Migration sly[] = {{1, "sly", "CREATE TABLE a (id BIGINT); COMMIT;"}};
  const auto result = migrate(sly);
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().detail.find("0001_sly"), std::string::npos) << result.error().detail;
}

TEST_P(MigratorTest, ManyRunnersApplyEachOnce) {
  constexpr int kRunners = 6;
  std::barrier start(kRunners);
  std::atomic<std::size_t> applied = 0;
  std::atomic<int> failed = 0;
  std::vector<std::thread> runners;
  for (int i = 0; i < kRunners; ++i) {
    runners.emplace_back([&] {
      const auto session = database_.session(kLimits);
      start.arrive_and_wait();
      const auto result = Migrator(*session, kAll, clock_).migrate();
      if (result) {
        applied += result->size();
      } else {
        ++failed;
      }
    });
  }
  for (std::thread& runner : runners) runner.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(applied, 3U);
  EXPECT_EQ(database_.count("people"), 2);
  EXPECT_EQ(database_.count("schema_migrations"), 3);
}

TEST_P(MigratorTest, TheEmbeddedOnesApplyToAnEmptyDatabase) {
  const auto embedded = embedded_migrations(GetParam());
  ASSERT_FALSE(embedded.empty());
  const auto applied = migrate(embedded);
  ASSERT_TRUE(applied) << applied.error().describe();
  EXPECT_EQ(applied->size(), embedded.size());
  EXPECT_EQ(problem(embedded), "");
  EXPECT_EQ(database_.count("users"), 0);
}

/// Rows that a database may have had when it stood at a version, on both engines. Whoever adds a migration adds the
/// rows of the one before it.
struct Lived {
  std::uint32_t version;
  const char* rows;
  std::vector<std::string> tables;  ///< each then has one row, which every later migration keeps
};
const std::vector<Lived>& lived() {
  static const std::vector<Lived> all = {
      {1,
       "INSERT INTO users (id, email, password_hash, role, status, created_at, updated_at) VALUES"
       " ('018f0000-0000-7000-8000-000000000001', 'ada@example.com', '$argon2id$', 'admin', 'active', 1, 1);"
       "INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at) VALUES"
       " ('018f0000-0000-7000-8000-000000000002', '018f0000-0000-7000-8000-000000000001', 1, 1, 9);"
       "INSERT INTO refresh_tokens (id, session_id, user_id, token_hash, key_id, nonce, created_at, expires_at) VALUES"
       " ('018f0000-0000-7000-8000-000000000003', '018f0000-0000-7000-8000-000000000002',"
       " '018f0000-0000-7000-8000-000000000001',"
       " '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'k1',"
       " '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 1, 9);"
       "INSERT INTO audit_events (id, at, type, severity) VALUES"
       " ('018f0000-0000-7000-8000-000000000004', 1, 'user.registered', 'info');",
       {"users", "sessions", "refresh_tokens", "audit_events"}},
  };
  return all;
}

TEST_P(MigratorTest, TheEmbeddedOnesApplyToEveryVersionWithDataInIt) {
  const auto embedded = embedded_migrations(GetParam());
  for (std::size_t from = 1; from <= embedded.size(); ++from) {
    const std::uint32_t version = embedded[from - 1].version;
    const TestDatabase old(GetParam());
    const auto session = old.session(kLimits);
    for (std::size_t i = 1; i <= from; ++i) {  // as it grew: each version had its rows before the next one came
      ASSERT_TRUE(Migrator(*session, embedded.first(i), clock_).migrate());
      for (const Lived& then : lived()) {
        if (then.version != embedded[i - 1].version) continue;
        const auto put = session->run_script(then.rows);
        ASSERT_TRUE(put) << put.error().describe();
      }
    }
    EXPECT_TRUE(version == embedded.back().version ||
                std::ranges::any_of(lived(), [&](const Lived& then) { return then.version == version; }))
        << "migration " << version << " is not the last one any more and has no rows here";
    const auto applied = Migrator(*session, embedded, clock_).migrate();
    ASSERT_TRUE(applied) << "from " << version << ": " << applied.error().describe();
    EXPECT_EQ(applied->size(), embedded.size() - from);
    EXPECT_EQ(schema_problem(*session, embedded).value(), std::nullopt);
    for (const Lived& then : lived()) {
      if (then.version > version) continue;
      for (const std::string& table : then.tables) EXPECT_EQ(old.count(table), 1) << table << " from " << version;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, MigratorTest, ::testing::Values(SqlDialect::PostgreSql, SqlDialect::Sqlite),
                         engine_name);

}  // namespace
}  // namespace sallyport::storage
