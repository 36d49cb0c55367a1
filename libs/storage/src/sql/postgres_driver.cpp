#include <soci/soci.h>

#include <soci/postgresql/soci-postgresql.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "sql/bound_statement.hpp"
#include "sql/conninfo.hpp"
#include "sql/driver.hpp"
#include "sql/postgres_error.hpp"

namespace sallyport::storage::sql {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How long after the server should have given up by itself a silent connection is cut.
constexpr milliseconds kCutAfter{500};

struct ClearResult {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using OwnedResult = std::unique_ptr<PGresult, ClearResult>;

SqlResult<StatementResult> read_result(PGresult* result) {
  StatementResult read;
  const std::string_view affected = PQcmdTuples(result);
  std::from_chars(affected.data(), affected.data() + affected.size(), read.affected);
  const int rows = PQntuples(result);
  const int columns = PQnfields(result);
  if (static_cast<std::size_t>(rows) > kRowsMax) return sql_failure(SqlErrorKind::Other, "too many rows");
  read.rows.reserve(static_cast<std::size_t>(rows));
  for (int row = 0; row < rows; ++row) {
    std::vector<std::optional<std::string>> values(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
      if (PQgetisnull(result, row, column) != 0) continue;
      values[static_cast<std::size_t>(column)].emplace(PQgetvalue(result, row, column),
                                                       static_cast<std::size_t>(PQgetlength(result, row, column)));
    }
    read.rows.emplace_back(std::move(values));
  }
  return read;
}

class PostgresDriver final : public Driver {
 public:
  PostgresDriver(const DatabaseUrl& url, const SqlLimits& limits) : url_(url), limits_(limits) {}
  ~PostgresDriver() override { close(); }

  SqlDialect dialect() const noexcept override { return SqlDialect::PostgreSql; }
  SqlResult<> reopen() override;
  SqlResult<StatementResult> run(std::string_view sql, std::span<const SqlValue> values, SteadyTime until) override;
  SqlResult<> run_script(std::string_view sql, SteadyTime until) override;
  SqlResult<> begin(SteadyTime until) override;
  SqlResult<> commit(SteadyTime until) override;
  SqlResult<> rollback(SteadyTime until) override;
  bool usable() noexcept override;
  bool in_transaction() const noexcept override;
  void break_if_overdue(SteadyTime now) noexcept override;
  std::function<void()> canceller() override;
  SqlResult<SqlSession::Server> server(SteadyTime until) override;

 private:
  /// For the length of one call into libpq, during which the watchdog may cut the connection.
  class Call final {
   public:
    Call(PostgresDriver& driver, SteadyTime until) : driver_(driver) {
      const std::lock_guard lock(driver_.mutex_);
      driver_.cut_at_ = until == SteadyTime::max() ? until : until + kCutAfter;
    }
    ~Call() {
      const std::lock_guard lock(driver_.mutex_);
      driver_.cut_at_ = SteadyTime::max();
    }
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

   private:
    PostgresDriver& driver_;
  };

  PGconn* connection() const noexcept { return backend_ == nullptr ? nullptr : backend_->conn_; }
  bool connected() const noexcept { return PQstatus(connection()) == CONNECTION_OK; }
  void close() noexcept;
  SteadyTime limited(SteadyTime until) const noexcept {
    if (limits_.statement == milliseconds(0)) return until;
    return std::min(until, steady_clock::now() + limits_.statement);
  }
  /// What statement_timeout must become for a statement that ends by `until`; nullopt when it is near enough.
  std::optional<milliseconds> wanted_timeout(SteadyTime until) const noexcept;
  SqlResult<> set_timeout(SteadyTime until);
  SqlResult<> simple(const char* sql, SteadyTime until);

  DatabaseUrl url_;
  SqlLimits limits_;
  soci::session session_;
  soci::postgresql_session_backend* backend_ = nullptr;
  milliseconds session_timeout_{0};              ///< the server's statement_timeout outside of a transaction
  std::optional<milliseconds> local_timeout_{};  ///< and in the open one, where it was set

  std::mutex mutex_;  ///< guards what the watchdog reads
  SteadyTime cut_at_ = SteadyTime::max();
  int watched_ = -1;  ///< a duplicate of the socket: libpq may close its own at any time, and the number be reused
  std::shared_ptr<PGcancel> cancel_;  ///< what a request to cancel needs, without the connection
};

void PostgresDriver::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (watched_ >= 0) ::close(watched_);
    watched_ = -1;
    cancel_.reset();
  }
  backend_ = nullptr;
  try {
    session_.close();
  } catch (...) {  // it has nothing to tell that matters now
  }
}

SqlResult<> PostgresDriver::reopen() {
  close();
  if (auto allowed = url_.check_transport(limits_.allow_plaintext); !allowed) {
    return sql_failure(SqlErrorKind::NotSent, std::move(allowed.error().detail));
  }
  std::string conninfo = make_conninfo(url_, limits_);
  try {
    session_.open(soci::connection_parameters(soci::postgresql, conninfo));
    wipe(conninfo.data(), conninfo.size());
  } catch (const soci::soci_error& error) {
    wipe(conninfo.data(), conninfo.size());
    return sql_failure(SqlErrorKind::NotSent, "cannot connect to " + url_.endpoint() + ": " +
                                                  connect_message(error.what(), url_.password.expose()));
  }
  backend_ = static_cast<soci::postgresql_session_backend*>(session_.get_backend());
  PQsetNoticeProcessor(connection(), [](void*, const char*) {}, nullptr);
  session_timeout_ = limits_.statement;
  local_timeout_.reset();
  const std::lock_guard lock(mutex_);
  watched_ = ::fcntl(PQsocket(connection()), F_DUPFD_CLOEXEC, 0);
  cancel_.reset(PQgetCancel(connection()), PQfreeCancel);
  return {};
}

std::optional<milliseconds> PostgresDriver::wanted_timeout(SteadyTime until) const noexcept {
  milliseconds wanted = limits_.statement;
  if (until != SteadyTime::max()) {
    const auto left = std::max(std::chrono::ceil<milliseconds>(until - steady_clock::now()), milliseconds(1));
    wanted = wanted == milliseconds(0) ? left : std::min(wanted, left);
  }
  const milliseconds now = local_timeout_.value_or(session_timeout_);
  if (wanted == now) return std::nullopt;
  if (wanted == milliseconds(0) || now == milliseconds(0)) return wanted;
  // A round trip for every millisecond that went by would cost more than it saves.
  if (wanted < now && wanted * 4 >= now * 3) return std::nullopt;
  if (wanted > now && wanted * 3 <= now * 4) return std::nullopt;
  return wanted;
}

SqlResult<> PostgresDriver::simple(const char* sql, SteadyTime until) {
  if (!connected()) return sql_failure(SqlErrorKind::NotSent, "no connection");
  const Call call(*this, until);
  const OwnedResult result(PQexec(connection(), sql));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY) return {};
  return std::unexpected(postgres_error(result.get(), !connected()));
}

SqlResult<> PostgresDriver::set_timeout(SteadyTime until) {
  const auto wanted = wanted_timeout(until);
  if (!wanted) return {};
  const bool local = in_transaction();
  const std::string sql =
      (local ? "SET LOCAL statement_timeout = " : "SET statement_timeout = ") + std::to_string(wanted->count());
  if (auto set = simple(sql.c_str(), until); !set) {
    if (set.error().kind == SqlErrorKind::Unavailable) set.error().kind = SqlErrorKind::NotSent;
    return set;
  }
  if (local) {
    local_timeout_ = *wanted;
  } else {
    session_timeout_ = *wanted;
  }
  return {};
}

SqlResult<StatementResult> PostgresDriver::run(std::string_view sql, std::span<const SqlValue> values,
                                               SteadyTime until) {
  until = limited(until);
  if (!connected()) return sql_failure(SqlErrorKind::NotSent, "no connection");
  if (auto set = set_timeout(until); !set) return std::unexpected(std::move(set.error()));
  const Call call(*this, until);
  try {
    BoundStatement bound(session_, std::string(sql), values);
    auto* const backend = static_cast<soci::postgresql_statement_backend*>(bound.statement.get_backend());
    try {
      bound.statement.execute(true);
    } catch (const soci::soci_error&) {
      return std::unexpected(postgres_error(backend->result_.get_result(), !connected()));
    } catch (const std::out_of_range&) {
      // The same error: SOCI wanted to quote the parameters in its text by their names, and numbered ones have none.
      return std::unexpected(postgres_error(backend->result_.get_result(), !connected()));
    }
    return read_result(backend->result_.get_result());
  } catch (const soci::soci_error&) {
    return sql_failure(SqlErrorKind::Other, "the statement could not be prepared");
  }
}

SqlResult<> PostgresDriver::run_script(std::string_view sql, SteadyTime until) {
  if (auto set = set_timeout(until); !set) return set;
  return simple(std::string(sql).c_str(), until);
}

SqlResult<> PostgresDriver::begin(SteadyTime until) {
  until = limited(until);
  local_timeout_.reset();
  std::string sql = "BEGIN ISOLATION LEVEL READ COMMITTED";
  const auto wanted = wanted_timeout(until);
  if (wanted) sql += "; SET LOCAL statement_timeout = " + std::to_string(wanted->count());
  auto begun = simple(sql.c_str(), until);
  if (begun) local_timeout_ = wanted;
  return begun;
}

SqlResult<> PostgresDriver::commit(SteadyTime until) {
  until = limited(until);
  if (!connected()) return sql_failure(SqlErrorKind::Unavailable, "the connection was lost before the commit");
  const Call call(*this, until);
  const OwnedResult result(PQexec(connection(), "COMMIT"));
  local_timeout_.reset();
  if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) {
    // A transaction that had failed answers COMMIT with ROLLBACK, and no error.
    if (std::string_view(PQcmdStatus(result.get())) == "COMMIT") return {};
    return sql_failure(SqlErrorKind::Other, "the transaction was rolled back");
  }
  SqlError error = postgres_error(result.get(), !connected());
  if (error.kind == SqlErrorKind::Unavailable) {
    error.kind = SqlErrorKind::OutcomeUnknown;
    error.detail = "the connection was lost after COMMIT was sent";
  }
  return std::unexpected(std::move(error));
}

SqlResult<> PostgresDriver::rollback(SteadyTime until) {
  auto rolled_back = simple("ROLLBACK", limited(until));
  local_timeout_.reset();
  return rolled_back;
}

bool PostgresDriver::usable() noexcept {
  if (!connected()) return false;
  // An idle server says nothing unless it says goodbye.
  pollfd socket{.fd = PQsocket(connection()), .events = POLLIN, .revents = 0};
  return ::poll(&socket, 1, 0) == 0;
}

bool PostgresDriver::in_transaction() const noexcept {
  const PGTransactionStatusType status = PQtransactionStatus(connection());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

void PostgresDriver::break_if_overdue(SteadyTime now) noexcept {
  const std::lock_guard lock(mutex_);
  if (now >= cut_at_ && watched_ >= 0) ::shutdown(watched_, SHUT_RDWR);
}

std::function<void()> PostgresDriver::canceller() {
  const std::lock_guard lock(mutex_);
  if (!cancel_) return {};
  return [cancel = cancel_] {
    std::array<char, 256> problem{};
    PQcancel(cancel.get(), problem.data(), static_cast<int>(problem.size()));  // statement_timeout is behind it
  };
}

SqlResult<SqlSession::Server> PostgresDriver::server(SteadyTime until) {
  auto found =
      run("SELECT current_setting('server_version'), current_setting('max_connections'),"
          " (SELECT version || ' ' || cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl)",
          {}, until);
  if (!found) return std::unexpected(std::move(found.error()));
  const SqlRow& row = found->rows.at(0);
  return SqlSession::Server{.version = "PostgreSQL " + row.text(0),
                            .tls = row.maybe_text(2).value_or("none"),
                            .connections_max = row.integer(1)};
}

}  // namespace

SqlResult<std::unique_ptr<Driver>> open_postgres(const DatabaseUrl& url, const SqlLimits& limits) {
  auto driver = std::make_unique<PostgresDriver>(url, limits);
  if (auto opened = driver->reopen(); !opened) return std::unexpected(std::move(opened.error()));
  return driver;
}

}  // namespace sallyport::storage::sql
