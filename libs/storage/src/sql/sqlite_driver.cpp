#include <soci/soci.h>

#include <soci/sqlite3/soci-sqlite3.h>

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "sql/bound_statement.hpp"
#include "sql/driver.hpp"
#include "sql/statement_text.hpp"

namespace sallyport::storage::sql {
namespace {

using namespace sqlite_api;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How often a running statement looks at its deadline, in instructions of SQLite's machine: some tens of microseconds.
constexpr int kInstructionsBetweenLooks = 1000;

/// "UNIQUE constraint failed: users.email" → "users.email"; of an index on an expression, the index's name.
std::string constraint_of(std::string_view message) {
  constexpr std::string_view kBefore = "constraint failed: ";
  const std::size_t found = message.find(kBefore);
  if (found == std::string_view::npos) return "";
  message.remove_prefix(found + kBefore.size());
  if (message.starts_with("index '") && message.ends_with('\'')) {
    message.remove_prefix(7);
    message.remove_suffix(1);
  }
  return std::string(message);
}

std::optional<std::string> read_value(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
      return std::nullopt;
    case SQLITE_FLOAT:
      return fmt::format("{}", sqlite3_column_double(statement, column));  // SQLite's own text has 15 digits only
    default: {
      const auto* const text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      return std::string(text == nullptr ? "" : text,
                         static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
    }
  }
}

class SqliteDriver final : public Driver {
 public:
  SqliteDriver(const DatabaseUrl& url, const SqlLimits& limits) : path_(url.path), limits_(limits) {}

  SqlDialect dialect() const noexcept override { return SqlDialect::Sqlite; }
  SqlResult<> reopen() override;
  SqlResult<StatementResult> run(std::string_view sql, std::span<const SqlValue> values, SteadyTime until) override;
  SqlResult<> run_script(std::string_view sql, SteadyTime until) override;
  SqlResult<> begin(SteadyTime until) override { return run_script("BEGIN IMMEDIATE", until); }
  SqlResult<> commit(SteadyTime until) override;
  SqlResult<> rollback(SteadyTime until) override { return run_script("ROLLBACK", until); }
  bool usable() noexcept override { return database_ != nullptr; }
  bool in_transaction() const noexcept override {
    return database_ != nullptr && sqlite3_get_autocommit(database_) == 0;
  }
  // Its own handlers stop it.
  void break_if_overdue(SteadyTime) noexcept override {}
  std::function<void()> canceller() override { return {}; }
  SqlResult<SqlSession::Server> server(SteadyTime) override {
    return SqlSession::Server{
        .version = std::string("SQLite ") + sqlite3_libversion(), .tls = "none", .connections_max = std::nullopt};
  }

 private:
  void limit(SteadyTime until) noexcept;
  SqlResult<> configure();
  SqlError failure() const;
  SqlResult<StatementResult> read(sqlite3_stmt* statement) const;
  static int on_progress(void* self) noexcept;
  static int on_busy(void* self, int times) noexcept;

  std::string path_;
  SqlLimits limits_;
  soci::session session_;
  sqlite3* database_ = nullptr;
  SteadyTime until_ = SteadyTime::max();       ///< of the statement that runs
  SteadyTime lock_until_ = SteadyTime::max();  ///< until when it may wait for another's lock
};

void SqliteDriver::limit(SteadyTime until) noexcept {
  const SteadyTime now = steady_clock::now();
  until_ = limits_.statement == milliseconds(0) ? until : std::min(until, now + limits_.statement);
  lock_until_ = limits_.lock == milliseconds(0) ? until_ : std::min(until_, now + limits_.lock);
}

int SqliteDriver::on_progress(void* self) noexcept {
  const auto& driver = *static_cast<SqliteDriver*>(self);
  return driver.abandoned() || steady_clock::now() >= driver.until_ ? 1 : 0;
}

int SqliteDriver::on_busy(void* self, int times) noexcept {
  const auto& driver = *static_cast<SqliteDriver*>(self);
  if (driver.abandoned() || steady_clock::now() >= driver.lock_until_) return 0;
  std::this_thread::sleep_for(milliseconds(std::min(1 + times / 4, 10)));
  return 1;
}

SqlResult<> SqliteDriver::reopen() {
  database_ = nullptr;
  try {
    session_.close();
    // The file holds password hashes: nobody but its owner reads it. SQLite gives its journals the same mode. Made
    // without a descriptor: to close one takes the POSIX locks of all sessions of this process on the file away, and
    // the next program that looks into it removes their journal.
    if (::mknod(path_.c_str(), S_IFREG | 0600, 0) != 0 && errno != EEXIST) {
      return sql_failure(SqlErrorKind::NotSent, "cannot open " + path_);
    }
    session_.open(soci::connection_parameters(soci::sqlite3, path_));
  } catch (const soci::soci_error&) {
    return sql_failure(SqlErrorKind::NotSent, "cannot open " + path_);
  }
  database_ = static_cast<soci::sqlite3_session_backend*>(session_.get_backend())->conn_;
  sqlite3_busy_handler(database_, &on_busy, this);
  sqlite3_progress_handler(database_, kInstructionsBetweenLooks, &on_progress, this);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // "x" is a name on both engines, never a text.
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(database_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  auto configured = configure();
  if (!configured) {
    database_ = nullptr;
    configured.error().kind = SqlErrorKind::NotSent;
    configured.error().detail = "cannot open " + path_ + ": " + configured.error().detail;
  }
  return configured;
}

SqlResult<> SqliteDriver::configure() {
  const SteadyTime end = steady_clock::now() + std::max(limits_.connect, milliseconds(100));
  for (;;) {
    // Turning a new file into WAL takes a lock for which SQLite does not wait by itself.
    auto done = run_script("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON", end);
    if (done || done.error().kind != SqlErrorKind::Busy || steady_clock::now() >= end) return done;
    std::this_thread::sleep_for(milliseconds(5));
  }
}

SqlError SqliteDriver::failure() const {
  const int extended = sqlite3_extended_errcode(database_);
  const std::string_view message = sqlite3_errmsg(database_);
  SqlError error{.sqlstate = std::to_string(extended)};
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      error.kind = SqlErrorKind::UniqueViolation;
      break;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      error.kind = SqlErrorKind::ForeignKey;
      break;
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_NOTNULL:
      error.kind = SqlErrorKind::Check;
      break;
    case SQLITE_BUSY_SNAPSHOT:
      error.kind = SqlErrorKind::Serialization;
      break;
    default:
      break;
  }
  if (error.kind != SqlErrorKind::Other) {
    error.constraint = constraint_of(message);
    return error;
  }
  switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      error.kind = abandoned() || steady_clock::now() >= until_ ? SqlErrorKind::Timeout : SqlErrorKind::Busy;
      break;
    case SQLITE_INTERRUPT:
      error.kind = SqlErrorKind::Timeout;
      break;
    case SQLITE_IOERR:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
      error.kind = SqlErrorKind::Unavailable;
      error.detail = sqlite3_errstr(extended);
      break;
    case SQLITE_ERROR:
      error.detail = message;  // of the statement: "no such table: x"
      break;
    default:
      error.detail = sqlite3_errstr(extended);
      break;
  }
  return error;
}

SqlResult<StatementResult> SqliteDriver::read(sqlite3_stmt* statement) const {
  StatementResult result;
  const bool writes = sqlite3_stmt_readonly(statement) == 0;
  const int columns = sqlite3_column_count(statement);
  for (bool row = sqlite3_data_count(statement) > 0; row;) {
    if (result.rows.size() == kRowsMax) return sql_failure(SqlErrorKind::Other, "too many rows");
    std::vector<std::optional<std::string>> values;
    values.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) values.push_back(read_value(statement, column));
    result.rows.emplace_back(std::move(values));
    const int step = sqlite3_step(statement);
    if (step != SQLITE_ROW && step != SQLITE_DONE) return std::unexpected(failure());
    row = step == SQLITE_ROW;
  }
  if (writes) result.affected = static_cast<std::uint64_t>(std::max(sqlite3_changes(database_), 0));
  return result;
}

SqlResult<StatementResult> SqliteDriver::run(std::string_view sql, std::span<const SqlValue> values, SteadyTime until) {
  if (database_ == nullptr) return sql_failure(SqlErrorKind::NotSent, "no connection");
  limit(until);
  try {
    BoundStatement bound(session_, read_statement(sql).numbered, values);
    bound.statement.execute(true);
    return read(static_cast<soci::sqlite3_statement_backend*>(bound.statement.get_backend())->stmt_);
  } catch (const soci::soci_error&) {
    return std::unexpected(failure());
  }
}

SqlResult<> SqliteDriver::run_script(std::string_view sql, SteadyTime until) {
  if (database_ == nullptr) return sql_failure(SqlErrorKind::NotSent, "no connection");
  limit(until);
  if (sqlite3_exec(database_, std::string(sql).c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return std::unexpected(failure());
}

SqlResult<> SqliteDriver::commit(SteadyTime until) {
  auto committed = run_script("COMMIT", until);
  // A sync that failed may have written the commit all the same: the next opening of the file tells.
  if (!committed && committed.error().kind == SqlErrorKind::Unavailable) {
    committed.error().kind = SqlErrorKind::OutcomeUnknown;
  }
  return committed;
}

}  // namespace

SqlResult<std::unique_ptr<Driver>> open_sqlite(const DatabaseUrl& url, const SqlLimits& limits) {
  auto driver = std::make_unique<SqliteDriver>(url, limits);
  if (auto opened = driver->reopen(); !opened) return std::unexpected(std::move(opened.error()));
  return driver;
}

}  // namespace sallyport::storage::sql
