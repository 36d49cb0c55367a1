#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/storage/sql/session.hpp"

namespace sallyport::storage::sql {

inline constexpr std::size_t kRowsMax = 10'000;

struct StatementResult {
  std::uint64_t affected = 0;
  SqlRows rows;
};

/// One engine's half of a session. Every call ends by `until`, a time of the system's monotonic clock,
/// SteadyTime::max() for no limit of the caller's. A connection that broke is NotSent when it was known before and
/// Unavailable when it came to light in the call.
class Driver {
 public:
  virtual ~Driver() = default;
  virtual SqlDialect dialect() const noexcept = 0;

  virtual SqlResult<StatementResult> run(std::string_view sql, std::span<const SqlValue> values, SteadyTime until) = 0;
  virtual SqlResult<> run_script(std::string_view sql, SteadyTime until) = 0;
  virtual SqlResult<> begin(SteadyTime until) = 0;
  /// OutcomeUnknown as SqlTransaction::commit means it.
  virtual SqlResult<> commit(SteadyTime until) = 0;
  virtual SqlResult<> rollback(SteadyTime until) = 0;
  virtual SqlResult<> reopen() = 0;

  virtual bool usable() noexcept = 0;
  virtual bool in_transaction() const noexcept = 0;
  virtual void break_if_overdue(SteadyTime now) noexcept = 0;
  /// What stops the statement that runs now, on the server. It may block, may run on any thread, and may outlive the
  /// driver. Empty: there is nothing to do.
  virtual std::function<void()> canceller() = 0;
  virtual SqlResult<SqlSession::Server> server(SteadyTime until) = 0;

  /// From any thread: nobody waits for what runs, or the next work begins.
  void set_abandoned(bool abandoned) noexcept { abandoned_.store(abandoned, std::memory_order_relaxed); }
  bool abandoned() const noexcept { return abandoned_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> abandoned_ = false;
};

SqlResult<std::unique_ptr<Driver>> open_postgres(const DatabaseUrl& url, const SqlLimits& limits);
SqlResult<std::unique_ptr<Driver>> open_sqlite(const DatabaseUrl& url, const SqlLimits& limits);

}  // namespace sallyport::storage::sql
