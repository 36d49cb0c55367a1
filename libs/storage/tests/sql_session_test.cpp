#include "sallyport/storage/sql/session.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "sallyport/testing/certificates.hpp"
#include "sallyport/testing/tcp_gate.hpp"
#include "sql_rig.hpp"

namespace sallyport::storage {
namespace {

constexpr const char* kSchema =
    "CREATE TABLE people (id BIGINT NOT NULL PRIMARY KEY, email TEXT NOT NULL UNIQUE, score DOUBLE PRECISION,"
    " note TEXT, CHECK (id >= 0));"
    "CREATE TABLE pets (id BIGINT NOT NULL PRIMARY KEY, owner BIGINT NOT NULL REFERENCES people (id));";
constexpr const char* kInsert = "INSERT INTO people (id, email, score, note) VALUES ($1, $2, $3, $4)";

class SqlSessionTest : public OnBothEngines {
 protected:
  SqlSessionTest() : database_(GetParam()) { database_.run(kSchema); }
  SqlError error_of(const SqlResult<std::uint64_t>& result) {
    return result ? SqlError{.detail = "it succeeded"} : result.error();
  }
  SqlResult<std::uint64_t> insert(SqlSession& session, int id, std::string_view email) {
    return session.execute(kInsert, id, email, std::nullopt, std::nullopt);
  }
  TestDatabase database_;
};

TEST_P(SqlSessionTest, RoundTripsEveryKindOfValue) {
  const auto session = database_.session();
  const std::string text = "O'Neil; DROP TABLE people; -- $1 :name \\ \"x\" \xc3\xa9 \xf0\x9f\x98\x80";
  const auto inserted = session->execute(kInsert, std::numeric_limits<std::int64_t>::max(), text, 0.1 + 0.2,
                                         std::optional<std::string>());
  ASSERT_TRUE(inserted) << inserted.error().describe();
  EXPECT_EQ(*inserted, 1U);
  const auto row = session->query_one("SELECT id, email, score, note FROM people WHERE email = $1", text);
  ASSERT_TRUE(row) << row.error().describe();
  ASSERT_TRUE(row->has_value());
  EXPECT_EQ((*row)->integer(0), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ((*row)->text(1), text);
  EXPECT_EQ((*row)->real(2), 0.1 + 0.2);
  EXPECT_TRUE((*row)->is_null(3));
  EXPECT_EQ((*row)->maybe_text(3), std::nullopt);
  EXPECT_THROW((*row)->text(3), SqlRowError);
  EXPECT_THROW((*row)->integer(1), SqlRowError);
  EXPECT_THROW((*row)->text(4), SqlRowError);
}

TEST_P(SqlSessionTest, PlaceholdersMayRepeatAndComeInAnyOrder) {
  const auto session = database_.session();
  ASSERT_TRUE(session->execute("INSERT INTO people (email, id, note) VALUES ($2, $1, $2)", 5, "a@b"));
  const auto row = session->query_one("SELECT id, note, '$1' FROM people WHERE note = $1 AND email = $1 -- $9", "a@b");
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->integer(0), 5);
  EXPECT_EQ((*row)->text(2), "$1");
}

TEST_P(SqlSessionTest, CountsAffectedRowsAndReturnsRows) {
  const auto session = database_.session();
  for (int id = 0; id < 5; ++id) ASSERT_TRUE(insert(*session, id, "u" + std::to_string(id)));
  EXPECT_EQ(session->execute("UPDATE people SET note = $1 WHERE id < $2", "x", 3), 3U);
  EXPECT_EQ(session->execute("UPDATE people SET note = $1 WHERE id > $2", "x", 100), 0U);
  const auto rows = session->query("UPDATE people SET note = 'y' WHERE id >= $1 RETURNING id", 3);
  ASSERT_TRUE(rows);
  EXPECT_EQ(rows->size(), 2U);
  EXPECT_EQ(session->query("SELECT id FROM people WHERE note = 'y' ORDER BY id").value().at(1).integer(0), 4);
  EXPECT_EQ(session->execute("DELETE FROM people"), 5U);
  EXPECT_TRUE(session->query("SELECT id FROM people").value().empty());
  EXPECT_EQ(session->query_one("SELECT id FROM people").value().has_value(), false);
}

TEST_P(SqlSessionTest, NamesTheViolatedConstraint) {
  const auto session = database_.session();
  ASSERT_TRUE(insert(*session, 1, "a@b"));
  EXPECT_TRUE(error_of(insert(*session, 2, "a@b")).is_unique("people_email_key", "people.email"));
  EXPECT_TRUE(error_of(insert(*session, 1, "c@d")).is_unique("people_pkey", "people.id"));
  EXPECT_FALSE(error_of(insert(*session, 1, "c@d")).is_unique("people_email_key", "people.email"));
  EXPECT_EQ(error_of(insert(*session, -1, "c@d")).kind, SqlErrorKind::Check);
  EXPECT_EQ(error_of(session->execute("INSERT INTO people (id) VALUES (9)")).kind, SqlErrorKind::Check);
  EXPECT_EQ(error_of(session->execute("INSERT INTO pets (id, owner) VALUES (1, $1)", 99)).kind,
            SqlErrorKind::ForeignKey);
  EXPECT_EQ(error_of(session->execute("DELETE FROM no_such_table")).kind, SqlErrorKind::Other);
}

TEST_P(SqlSessionTest, ErrorsNeverHoldValues) {
  const auto session = database_.session();
  const std::string secret = "s3cr3t-value@example.com";
  ASSERT_TRUE(insert(*session, 1, secret));
  std::vector<SqlError> errors = {error_of(insert(*session, 2, secret)), error_of(insert(*session, 1, secret))};
  errors.push_back(error_of(session->execute("INSERT INTO people (id, email) VALUES (-1, $1)", secret)));
  errors.push_back(error_of(session->execute("SELECT nothing FROM people WHERE email = $1", secret)));
  if (GetParam() == SqlDialect::PostgreSql) {
    errors.push_back(error_of(session->execute("SELECT CAST($1 AS bigint)", secret)));
  }
  for (const SqlError& error : errors) {
    EXPECT_EQ(error.describe().find("s3cr3t"), std::string::npos) << error.describe();
    EXPECT_FALSE(error.sqlstate.empty()) << error.describe();
  }
}

TEST_P(SqlSessionTest, RefusesWhatTheEnginesWouldMisread) {
  const auto session = database_.session();
  EXPECT_EQ(error_of(insert(*session, 1, std::string_view("a\0b", 3))).kind, SqlErrorKind::Other);
  EXPECT_EQ(error_of(session->execute(kInsert, 1, "a", std::numeric_limits<double>::infinity(), "")).kind,
            SqlErrorKind::Other);
  EXPECT_EQ(error_of(session->execute("INSERT INTO people (id, email) VALUES ($1, $2)", 1)).kind, SqlErrorKind::Other);
  EXPECT_EQ(error_of(session->execute("DELETE FROM pets", 1)).kind, SqlErrorKind::Other);
  EXPECT_EQ(error_of(session->execute("DELETE FROM pets; DELETE FROM people")).kind, SqlErrorKind::Other);
  EXPECT_FALSE(session->query("SELECT \"no_such_name\" FROM people"));
  EXPECT_EQ(database_.count("people"), 0);
}

TEST_P(SqlSessionTest, BoundsTheRowsOfAResult) {
  const auto session = database_.session();
  const std::string numbers =
      "WITH RECURSIVE n(x) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT x + 1 FROM n WHERE x < $1) SELECT x FROM n";
  EXPECT_EQ(session->query(numbers, 10'000).value().back().integer(0), 10'000);
  EXPECT_EQ(session->query(numbers, 10'001).error().kind, SqlErrorKind::Other);
  EXPECT_EQ(session->query_one(numbers, 2).error().kind, SqlErrorKind::Other);
  EXPECT_EQ(session->query_one(numbers, 1).value()->integer(0), 1);
}

TEST_P(SqlSessionTest, CommitsAndRollsBack) {
  const auto session = database_.session();
  {
    auto transaction = session->begin();
    ASSERT_TRUE(transaction) << transaction.error().describe();
    EXPECT_TRUE(session->in_transaction());
    EXPECT_EQ(session->begin().error().kind, SqlErrorKind::Other);
    ASSERT_TRUE(insert(*session, 1, "kept"));
    ASSERT_TRUE(transaction->commit());
    EXPECT_FALSE(transaction->commit());
  }
  {
    auto transaction = session->begin();
    ASSERT_TRUE(transaction && insert(*session, 2, "dropped by the destructor"));
  }
  {
    auto transaction = session->begin();
    ASSERT_TRUE(transaction && insert(*session, 3, "dropped"));
    transaction->rollback();
    EXPECT_FALSE(transaction->commit());
  }
  EXPECT_FALSE(session->in_transaction());
  EXPECT_EQ(database_.count("people"), 1);
}

TEST_P(SqlSessionTest, AnErrorEndsTheTransactionOnBothEngines) {
  const auto session = database_.session();
  auto transaction = session->begin();
  ASSERT_TRUE(transaction && insert(*session, 1, "a"));
  EXPECT_EQ(error_of(insert(*session, 2, "a")).kind, SqlErrorKind::UniqueViolation);
  EXPECT_EQ(error_of(insert(*session, 3, "b")).kind, SqlErrorKind::Other);
  EXPECT_FALSE(transaction->commit());
  EXPECT_EQ(database_.count("people"), 0);
  auto next = session->begin();
  ASSERT_TRUE(next && insert(*session, 4, "c") && next->commit());
  EXPECT_EQ(database_.count("people"), 1);
}

TEST_P(SqlSessionTest, StopsAStatementAtTheDeadlineAndStaysUsable) {
  const auto session = database_.session();
  const Stopwatch watch;
  session->set_deadline(in(milliseconds(300)));
  EXPECT_EQ(session->query(endless(GetParam())).error().kind, SqlErrorKind::Timeout);
  EXPECT_GE(watch.elapsed(), milliseconds(200));
  EXPECT_LT(watch.elapsed(), milliseconds(2000));
  EXPECT_EQ(session->query("SELECT 1").error().kind, SqlErrorKind::Timeout) << "the deadline is over";
  EXPECT_TRUE(session->clean());
  EXPECT_EQ(session->query_one("SELECT 1").value()->integer(0), 1);
}

TEST_P(SqlSessionTest, StopsAStatementOfATransactionAtTheDeadline) {
  const auto session = database_.session();
  session->set_deadline(in(milliseconds(300)));
  auto transaction = session->begin();
  ASSERT_TRUE(transaction && insert(*session, 1, "a"));
  const Stopwatch watch;
  EXPECT_EQ(session->query(endless(GetParam())).error().kind, SqlErrorKind::Timeout);
  EXPECT_LT(watch.elapsed(), milliseconds(2000));
  EXPECT_FALSE(transaction->commit());
  EXPECT_TRUE(session->clean());
  EXPECT_EQ(database_.count("people"), 0);
}

TEST_P(SqlSessionTest, NoStatementOutlastsItsOwnLimitWhateverTheDeadline) {
  const auto session = database_.session({.statement = milliseconds(200)});
  session->set_deadline(in(seconds(60)));
  const Stopwatch watch;
  EXPECT_EQ(session->query(endless(GetParam())).error().kind, SqlErrorKind::Timeout);
  EXPECT_LT(watch.elapsed(), milliseconds(2000));
}

TEST_P(SqlSessionTest, DoesNotWaitForEverForALock) {
  const auto holder = database_.session();
  auto held = holder->begin();
  ASSERT_TRUE(held && insert(*holder, 1, "a"));
  const auto waiter = database_.session({.lock = milliseconds(200)});
  const Stopwatch watch;
  auto begun = waiter->begin();
  SqlErrorKind kind = begun ? error_of(insert(*waiter, 1, "b")).kind : begun.error().kind;
  EXPECT_EQ(kind, SqlErrorKind::Busy);
  EXPECT_GE(watch.elapsed(), milliseconds(150));
  EXPECT_LT(watch.elapsed(), milliseconds(1800));
  ASSERT_TRUE(held->commit());
}

TEST_P(SqlSessionTest, AWaitForALockEndsAtTheDeadline) {
  const auto holder = database_.session();
  auto held = holder->begin();
  ASSERT_TRUE(held && insert(*holder, 1, "a"));
  const auto waiter = database_.session();
  waiter->set_deadline(in(milliseconds(200)));
  const Stopwatch watch;
  auto begun = waiter->begin();
  SqlErrorKind kind = begun ? error_of(insert(*waiter, 1, "b")).kind : begun.error().kind;
  EXPECT_EQ(kind, SqlErrorKind::Timeout);
  EXPECT_LT(watch.elapsed(), milliseconds(900));
}

TEST_P(SqlSessionTest, SaysWhatTheServerIs) {
  const auto server = database_.session()->server();
  ASSERT_TRUE(server) << server.error().describe();
  EXPECT_EQ(server->tls, "none");
  if (GetParam() == SqlDialect::PostgreSql) {
    EXPECT_EQ(server->version.substr(0, 13), "PostgreSQL 15");
    EXPECT_EQ(server->connections_max, 40);
  } else {
    EXPECT_EQ(server->version.substr(0, 9), "SQLite 3.");
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, SqlSessionTest, ::testing::Values(SqlDialect::PostgreSql, SqlDialect::Sqlite),
                         engine_name);

TEST(SqliteSession, HasTheSettingsOfProductionAndAPrivateFile) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("a b.db");
  auto session = SqlSession::open(parse_url("sqlite:" + path), {});
  ASSERT_TRUE(session) << session.error().describe();
  EXPECT_EQ((*session)->query_one("PRAGMA journal_mode").value()->text(0), "wal");
  EXPECT_EQ((*session)->query_one("PRAGMA synchronous").value()->integer(0), 2);
  EXPECT_EQ((*session)->query_one("PRAGMA foreign_keys").value()->integer(0), 1);
  ASSERT_TRUE((*session)->execute("CREATE TABLE t (x INTEGER)"));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat file{};
    ASSERT_EQ(::stat((path + suffix).c_str(), &file), 0) << suffix;
    EXPECT_EQ(file.st_mode & 0777, 0600U) << suffix;
  }
}

/// Whether another process finds SQLite's shared lock on the file (its "SHARED_FIRST" and the 510 bytes from there).
bool is_locked(const std::string& path) {
  const pid_t other = ::fork();
  if (other == 0) {
    struct flock lock{.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0x40000002, .l_len = 510, .l_pid = 0};
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    const bool asked = fd >= 0 && ::fcntl(fd, F_GETLK, &lock) == 0;
    ::_exit(asked && lock.l_type != F_UNLCK ? 0 : 1);
  }
  int status = 1;
  ::waitpid(other, &status, 0);
  return status == 0;
}

TEST(SqliteSession, KeepsItsLockWhenAnotherOneIsOpened) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.file("shared.db");
  auto first = SqlSession::open(parse_url("sqlite:" + path), {});
  ASSERT_TRUE(first) << first.error().describe();
  ASSERT_TRUE((*first)->execute("CREATE TABLE t (x INTEGER)"));
  EXPECT_TRUE(is_locked(path));
  {
    auto second = SqlSession::open(parse_url("sqlite:" + path), {});
    ASSERT_TRUE(second) << second.error().describe();
    EXPECT_TRUE(is_locked(path));
  }
  EXPECT_TRUE(is_locked(path));
}

TEST(SqliteSession, ManyMayOpenANewFileAtOnce) {
  const testing::TemporaryFolder folder;
  const DatabaseUrl url = parse_url("sqlite:" + folder.file("new.db"));
  std::atomic<int> opened = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] { opened += SqlSession::open(url, {}) ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(opened, 6);
}

TEST(SqliteSession, SaysThatItCannotOpenTheFile) {
  const auto session = SqlSession::open(parse_url("sqlite:/no/such/folder/x.db"), {});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, SqlErrorKind::NotSent);
}

TEST(PostgresSession, TellsADeadlock) {
  const TestDatabase database(SqlDialect::PostgreSql);
  database.run("CREATE TABLE t (id INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 0), (2, 0)");
  database.run("ALTER DATABASE " + std::string(database.url().parameter("dbname")) + " SET deadlock_timeout = '50ms'");
  const auto one = database.session();
  const auto two = database.session();
  auto first = one->begin();
  auto second = two->begin();
  ASSERT_TRUE(one->execute("UPDATE t SET n = 1 WHERE id = 1"));
  ASSERT_TRUE(two->execute("UPDATE t SET n = 1 WHERE id = 2"));
  SqlResult<std::uint64_t> crossed = 0;
  std::thread other([&] {
    crossed = one->execute("UPDATE t SET n = 2 WHERE id = 2");
    first->rollback();
  });
  const auto mine = two->execute("UPDATE t SET n = 2 WHERE id = 1");
  second->rollback();
  other.join();
  ASSERT_TRUE(crossed.has_value() != mine.has_value());
  EXPECT_EQ((crossed ? mine : crossed).error().kind, SqlErrorKind::Serialization);
}

TEST(PostgresSession, ALostAnswerToCommitIsAnUnknownOutcome) {
  const TestDatabase database(SqlDialect::PostgreSql);
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  testing::TcpGate gate(postgres().port());
  const DatabaseUrl through = parse_url(postgres().url(database.url().parameter("dbname"), gate.port()));
  auto session = SqlSession::open(through, {});
  ASSERT_TRUE(session) << session.error().describe();
  auto transaction = (*session)->begin();
  ASSERT_TRUE(transaction && (*session)->execute("INSERT INTO t VALUES (1)"));
  gate.cut_after(0);  // COMMIT still gets through, its answer does not
  const auto committed = transaction->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().kind, SqlErrorKind::OutcomeUnknown);
  EXPECT_FALSE((*session)->clean());
  EXPECT_EQ(database.count("t"), 1) << "it was committed all the same";
}

TEST(PostgresSession, AConnectionLostBeforeCommitIsNotCommitted) {
  const TestDatabase database(SqlDialect::PostgreSql);
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  testing::TcpGate gate(postgres().port());
  auto session = SqlSession::open(parse_url(postgres().url(database.url().parameter("dbname"), gate.port())), {});
  ASSERT_TRUE(session);
  auto transaction = (*session)->begin();
  ASSERT_TRUE(transaction && (*session)->execute("INSERT INTO t VALUES (1)"));
  gate.cut_after(0);
  EXPECT_EQ((*session)->execute("INSERT INTO t VALUES (2)").error().kind, SqlErrorKind::Unavailable);
  EXPECT_FALSE(transaction->commit());
  EXPECT_EQ(database.count("t"), 0);
  EXPECT_EQ((*session)->execute("INSERT INTO t VALUES (3)").error().kind, SqlErrorKind::NotSent);
}

TEST(PostgresSession, ALoneStatementWhoseAnswerIsLostIsAnUnknownOutcome) {
  const TestDatabase database(SqlDialect::PostgreSql);
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  testing::TcpGate gate(postgres().port());
  auto session = SqlSession::open(parse_url(postgres().url(database.url().parameter("dbname"), gate.port())), {});
  ASSERT_TRUE(session);
  gate.cut_after(0);
  EXPECT_EQ((*session)->execute("INSERT INTO t VALUES (1)").error().kind, SqlErrorKind::OutcomeUnknown);
}

TEST(PostgresSession, BeginReplacesADeadConnection) {
  const TestDatabase database(SqlDialect::PostgreSql);
  database.run("CREATE TABLE t (id INT PRIMARY KEY)");
  const auto session = database.session();
  const std::string pid = session->query_one("SELECT pg_backend_pid()").value()->text(0);
  postgres().query("SELECT pg_terminate_backend(" + pid + ", 5000)");
  auto transaction = session->begin();
  ASSERT_TRUE(transaction) << transaction.error().describe();
  ASSERT_TRUE(session->execute("INSERT INTO t VALUES (1)") && transaction->commit());
  EXPECT_EQ(database.count("t"), 1);
}

TEST(PostgresSession, ASilentServerIsCutOff) {
  const TestDatabase database(SqlDialect::PostgreSql);
  testing::TcpGate gate(postgres().port());
  auto session = SqlSession::open(parse_url(postgres().url("postgres", gate.port())), {.statement = milliseconds(200)});
  ASSERT_TRUE(session);
  gate.silence();
  std::atomic<bool> ended = false;
  std::thread watchdog([&] {
    while (!ended) {
      (*session)->break_if_overdue(std::chrono::steady_clock::now());
      std::this_thread::yield();
    }
  });
  const Stopwatch watch;
  const auto result = (*session)->query("SELECT 1");
  ended = true;
  watchdog.join();
  EXPECT_EQ(result.error().kind, SqlErrorKind::OutcomeUnknown);
  EXPECT_GE(watch.elapsed(), milliseconds(600));
  EXPECT_LT(watch.elapsed(), milliseconds(3000));
}

TEST(PostgresSession, RefusesAPasswordWithoutShowingIt) {
  testing::PostgresServer server({.password = "right horse"});
  const std::string place = "@127.0.0.1:" + std::to_string(server.port()) + "/postgres";
  const auto wrong = SqlSession::open(parse_url("postgresql://postgres:wr0ng-horse" + place), {});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().kind, SqlErrorKind::NotSent);
  EXPECT_NE(wrong.error().detail.find("password authentication failed"), std::string::npos) << wrong.error().detail;
  EXPECT_EQ(wrong.error().detail.find("wr0ng"), std::string::npos) << wrong.error().detail;
  const auto right = SqlSession::open(parse_url("postgresql://postgres:right%20horse" + place), {});
  EXPECT_TRUE(right) << right.error().describe();
}

TEST(PostgresSession, VerifiesTheServersName) {
  const testing::Certificates certificates("DNS:localhost");
  testing::PostgresServer server({.certificates = &certificates});
  const auto open = [&](const std::string& host, const std::string& ca) {
    return SqlSession::open(parse_url("postgresql://postgres@" + host + ":" + std::to_string(server.port()) +
                                      "/postgres?sslmode=verify-full&sslrootcert=" + ca),
                            {});
  };
  const auto session = open("localhost", certificates.ca_file());
  ASSERT_TRUE(session) << session.error().describe();
  EXPECT_EQ((*session)->server().value().tls, "TLSv1.3 TLS_AES_256_GCM_SHA384");
  EXPECT_FALSE(open("127.0.0.1", certificates.ca_file())) << "the certificate is not for the address";
  const testing::Certificates others("DNS:localhost");
  EXPECT_FALSE(open("localhost", others.ca_file())) << "another CA";
}

}  // namespace
}  // namespace sallyport::storage
