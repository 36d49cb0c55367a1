#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/storage/sql/database_url.hpp"
#include "sallyport/storage/sql/error.hpp"
#include "sallyport/storage/sql/row.hpp"
#include "sallyport/storage/sql/value.hpp"

namespace sallyport::log {
class Logger;
}

namespace sallyport::storage {

namespace sql {
class Driver;
struct StatementResult;
}  // namespace sql
class SqlSession;

/// Limits of one connection. Zero: no limit (for migrations).
struct SqlLimits {
  std::chrono::milliseconds connect{2000};  ///< at least 2 s on PostgreSQL
  std::chrono::milliseconds statement{2000};
  std::chrono::milliseconds lock{1000};
  std::chrono::milliseconds idle_in_transaction{5000};
  bool allow_plaintext = false;  ///< no TLS off this machine, where the URL does not name an sslmode
};

/// An open transaction. Ends with commit() or rollback(); otherwise its destructor rolls back. It refers to its
/// session.
class [[nodiscard]] SqlTransaction final {
 public:
  SqlTransaction(SqlTransaction&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}
  SqlTransaction& operator=(SqlTransaction&&) = delete;
  ~SqlTransaction();

  /// Success: committed, durably. OutcomeUnknown: COMMIT was sent and its answer lost, so look whether it happened. Any
  /// other error: not committed.
  SqlResult<> commit();
  void rollback() noexcept;

 private:
  friend class SqlSession;
  explicit SqlTransaction(SqlSession& session) noexcept : session_(&session) {}
  SqlSession* session_;
};

/// Says whether a session may make a second connection in place of a dead one: a pool bounds how many connect at once.
class ReconnectGate {
 public:
  virtual ~ReconnectGate() = default;
  virtual bool enter() noexcept = 0;  ///< true: leave() must follow
  virtual void leave() noexcept = 0;
};

/// One connection to PostgreSQL or SQLite: blocking, for one thread at a time, never an event loop's. Placeholders are
/// $1, $2, … on both engines and may repeat; statements are constants of the program, values go into parameters only.
/// Every call ends by the session's deadline.
class SqlSession final {
 public:
  /// Opens a connection outside of any pool: for commands and migrations. Blocks.
  static SqlResult<std::unique_ptr<SqlSession>> open(const DatabaseUrl& url, const SqlLimits& limits);
  ~SqlSession();
  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;

  /// For the few statements that differ.
  SqlDialect dialect() const noexcept;

  /// Runs one statement; returns how many rows it inserted, updated or deleted.
  template <class... Values>
  SqlResult<std::uint64_t> execute(std::string_view sql, const Values&... values) {
    const std::array<SqlValue, sizeof...(Values)> bound{SqlValue(values)...};
    return execute_with(sql, bound);
  }
  /// Runs one statement and returns its rows, at most 10 000 (more: Other). For RETURNING too.
  template <class... Values>
  SqlResult<SqlRows> query(std::string_view sql, const Values&... values) {
    const std::array<SqlValue, sizeof...(Values)> bound{SqlValue(values)...};
    return query_with(sql, bound);
  }
  /// The one row, or nullopt; more than one is Other.
  template <class... Values>
  SqlResult<std::optional<SqlRow>> query_one(std::string_view sql, const Values&... values) {
    const std::array<SqlValue, sizeof...(Values)> bound{SqlValue(values)...};
    return query_one_with(sql, bound);
  }
  SqlResult<std::uint64_t> execute_with(std::string_view sql, std::span<const SqlValue> values);
  SqlResult<SqlRows> query_with(std::string_view sql, std::span<const SqlValue> values);
  SqlResult<std::optional<SqlRow>> query_one_with(std::string_view sql, std::span<const SqlValue> values);

  /// PostgreSQL: READ COMMITTED. SQLite: BEGIN IMMEDIATE, so the write lock is held from here on. One at a time. A
  /// connection that turns out to be dead here is replaced once.
  SqlResult<SqlTransaction> begin();

  /// Runs a text of several statements, without parameters. For migrations.
  SqlResult<> run_script(std::string_view sql);

  bool in_transaction() const noexcept { return in_transaction_; }

  /// What the server said of itself, for the start-up log. SQLite: only its version.
  struct Server {
    std::string version;
    std::string tls;  ///< "TLSv1.3 TLS_AES_256_GCM_SHA384", or "none"
    std::optional<std::int64_t> connections_max;
  };
  SqlResult<Server> server();

  // For the pool.
  /// Statements from here on end by `deadline`, a time of the system's monotonic clock.
  void set_deadline(SteadyTime deadline) noexcept;
  /// Must outlive the session. None: it may always reconnect.
  void set_reconnect_gate(ReconnectGate& gate) noexcept { gate_ = &gate; }
  /// SqlPoolOptions::statement_log. Outlives the session.
  void set_statement_log(log::Logger& logger) noexcept { log_ = &logger; }
  /// No reason is known why the next statement should fail. Looks at the socket, sends nothing.
  bool usable() noexcept;
  /// Rolls back what is still open. False: throw the session away.
  bool clean() noexcept;
  /// From any thread: nobody waits for what runs. Until the next set_deadline() statements are refused with Timeout,
  /// COMMIT too. Returns what stops the statement that runs already: it may block, and must have returned before
  /// another's statement runs here. Empty: there is nothing to do.
  std::function<void()> abandon();
  /// From any thread: breaks the connection when a call has been under way for longer than it may.
  void break_if_overdue(SteadyTime now) noexcept;

 private:
  friend class SqlTransaction;
  explicit SqlSession(std::unique_ptr<sql::Driver> driver) noexcept;
  SqlResult<> may_run() const;
  SqlResult<> reopen();
  SqlResult<> check(std::string_view sql, std::span<const SqlValue> values) const;
  SqlError noted(SqlError error);
  SqlResult<sql::StatementResult> run(std::string_view sql, std::span<const SqlValue> values);
  SqlResult<> end_transaction();
  void abandon_transaction() noexcept;

  std::unique_ptr<sql::Driver> driver_;
  ReconnectGate* gate_ = nullptr;
  log::Logger* log_ = nullptr;
  SteadyTime deadline_ = SteadyTime::max();
  bool in_transaction_ = false;
  bool failed_ = false;  ///< the open transaction has seen an error
};

}  // namespace sallyport::storage
