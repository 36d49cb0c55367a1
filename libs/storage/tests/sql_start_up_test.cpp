#include "sallyport/storage/sql/start_up.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "sallyport/observability/log.hpp"
#include "sallyport/testing/certificates.hpp"
#include "sql_pool_rig.hpp"

namespace sallyport::storage {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A log in a file.
class LogFile {
 public:
  explicit LogFile(log::Level level = log::Level::Info)
      : fd_(::open(folder_.file("log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)),
        logger_({.level = level, .fd = fd_}, {}) {}
  ~LogFile() { ::close(fd_); }
  log::Logger& logger() { return logger_; }
  std::string text() {
    logger_.flush();
    std::ifstream file(folder_.file("log"));
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  testing::TemporaryFolder folder_;
  int fd_;
  log::Logger logger_;
};

constexpr Migration kOnly[] = {{1, "people", "CREATE TABLE people (id BIGINT PRIMARY KEY);"}};

DatabaseNeeds needs_of(const DatabaseUrl& url) {
  DatabaseNeeds needs{.url = url, .migrations = {}};
  needs.migrations = kOnly;
  return needs;
}

void migrate(const DatabaseUrl& url) {
  const SystemClock clock;
  auto session = SqlSession::open(url, {});
  ASSERT_TRUE(session) << session.error().describe();
  ASSERT_TRUE(Migrator(**session, kOnly, clock).migrate());
}

class DatabaseCheck : public OnBothEngines {};

TEST_P(DatabaseCheck, TellsWhatTheServerIs) {
  const TestDatabase database(GetParam());
  migrate(database.url());
  LogFile log;
  const auto checked = check_database(needs_of(database.url()), log.logger());
  ASSERT_TRUE(checked) << checked.error().detail;
  EXPECT_THAT(log.text(), HasSubstr("\"database_ready\""));
  EXPECT_THAT(log.text(), HasSubstr("\"tls\":\"none\""));
  EXPECT_THAT(log.text(), HasSubstr(database.url().endpoint()));
  EXPECT_THAT(log.text(), Not(HasSubstr("plaintext"))) << "it does not leave this machine";
  EXPECT_THAT(log.text(), Not(HasSubstr("scarce")));
}

TEST_P(DatabaseCheck, RefusesAnotherSchema) {
  const TestDatabase database(GetParam());
  LogFile log;
  const auto checked = check_database(needs_of(database.url()), log.logger());
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::ServiceUnavailable);
  EXPECT_THAT(checked.error().detail, HasSubstr("0001_people is not applied"));
  EXPECT_THAT(checked.error().detail, HasSubstr(database.url().endpoint()));
}

INSTANTIATE_TEST_SUITE_P(Engines, DatabaseCheck, ::testing::Values(SqlDialect::PostgreSql, SqlDialect::Sqlite),
                         engine_name);

TEST(ConnectionsProblem, LeavesFiveForTheOperators) {
  EXPECT_EQ(connections_problem(100, 8, 11, 7), std::nullopt);
  EXPECT_THAT(connections_problem(100, 8, 11, 8).value_or(""), HasSubstr("11 processes with 8 connections"));
  EXPECT_EQ(connections_problem(13, 8, 1, 0), std::nullopt);
  EXPECT_NE(connections_problem(12, 8, 1, 0), std::nullopt);
}

TEST(PostgresStartUp, WarnsWhenTheProcessesTogetherWantTooManyConnections) {
  const TestDatabase database(SqlDialect::PostgreSql);
  migrate(database.url());
  LogFile log;
  DatabaseNeeds needs = needs_of(database.url());
  needs.instances = 4;  // 32 of 40, less 5
  ASSERT_TRUE(check_database(needs, log.logger()));
  EXPECT_THAT(log.text(), Not(HasSubstr("scarce")));
  needs.instances = 5;
  ASSERT_TRUE(check_database(needs, log.logger()));
  EXPECT_THAT(log.text(), HasSubstr("\"database_connections_scarce\""));
}

TEST(PostgresStartUp, ProvesTheServerAndReportsItsCipher) {
  const testing::Certificates certificates("DNS:localhost"), others("DNS:localhost");
  testing::PostgresServer server({.certificates = &certificates});
  const auto url = [&](const std::string& host, const std::string& ca) {
    return parse_url("postgresql://postgres@" + host + ":" + std::to_string(server.port()) +
                     "/postgres?sslmode=verify-full&sslrootcert=" + ca);
  };
  migrate(url("localhost", certificates.ca_file()));
  LogFile log;
  const auto good = check_database(needs_of(url("localhost", certificates.ca_file())), log.logger());
  ASSERT_TRUE(good) << good.error().detail;
  EXPECT_THAT(log.text(), HasSubstr("\"tls\":\"TLSv1.3 TLS_AES_256_GCM_SHA384\""));
  struct Row {
    const char* name;
    DatabaseUrl url;
    const char* why;
  };
  const Row rows[] = {
      {"wrong host name", url("127.0.0.1", certificates.ca_file()), "does not match host name"},
      {"unknown CA", url("localhost", others.ca_file()), "certificate verify failed"},
      {"no CA file", url("localhost", "/no/such/file"), "does not exist"},
  };
  for (const Row& row : rows) {
    const auto bad = check_database(needs_of(row.url), log.logger());
    ASSERT_FALSE(bad) << row.name;
    EXPECT_THAT(bad.error().detail, HasSubstr(row.why)) << row.name;
  }
}

TEST(PostgresStartUp, RefusesAServerWithoutTls) {
  const testing::Certificates certificates("DNS:localhost");
  LogFile log;
  const auto checked =
      check_database(needs_of(parse_url("postgresql://postgres@localhost:" + std::to_string(postgres().port()) +
                                        "/postgres?sslmode=verify-full&sslrootcert=" + certificates.ca_file())),
                     log.logger());
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().detail, HasSubstr("server does not support SSL"));
}

TEST(StatementLog, IsForDebugOnlyAndHasNoValues) {
  const SystemClock clock;
  for (const log::Level level : {log::Level::Debug, log::Level::Info}) {
    const TestDatabase database(SqlDialect::Sqlite);
    database.run("CREATE TABLE t (x TEXT UNIQUE)");
    LogFile log(level);
    SqlPool pool({.url = database.url(), .connections_max = 1, .statement_log = &log.logger()}, clock);
    const auto twice = [](SqlSession& session) -> SqlResult<std::int64_t> {
      for (int i = 0; i < 2; ++i) {
        if (auto put = session.execute("INSERT INTO t VALUES ($1)", "s3cr3t-value"); !put && i == 0) return -1;
      }
      return one(session);
    };
    Tally tally;
    testing::run_task([&](Executor) { return ask(pool, clock, tally, seconds(10), twice); });
    EXPECT_EQ(tally.good, 1);
    pool.stop();
    if (level == log::Level::Debug) {
      EXPECT_THAT(log.text(), HasSubstr("INSERT INTO t VALUES ($1)"));
      EXPECT_THAT(log.text(), HasSubstr("\"outcome\":\"unique_violation\""));
    } else {
      EXPECT_EQ(log.text(), "");
    }
    EXPECT_THAT(log.text(), Not(HasSubstr("s3cr3t")));
  }
}

}  // namespace
}  // namespace sallyport::storage
