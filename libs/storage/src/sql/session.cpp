#include "sallyport/storage/sql/session.hpp"

#include <chrono>
#include <cmath>

#include "sallyport/observability/log.hpp"
#include "sql/driver.hpp"
#include "sql/statement_text.hpp"

namespace sallyport::storage {
namespace {

using std::chrono::steady_clock;

/// A rollback is worth a moment even when the deadline is over: without it the connection would be lost.
constexpr std::chrono::milliseconds kRollbackLimit{1000};

SqlResult<> check_values(std::string_view sql, std::span<const SqlValue> values) {
  const sql::StatementText text = sql::read_statement(sql);
  if (!text.single) return sql_failure(SqlErrorKind::Other, "more than one statement in a text");
  if (text.parameters != values.size()) {
    return sql_failure(SqlErrorKind::Other, "a statement has " + std::to_string(text.parameters) +
                                                " parameters and was given " + std::to_string(values.size()));
  }
  for (const SqlValue& value : values) {
    if (const auto* string = std::get_if<std::string_view>(&value.get())) {
      // PostgreSQL's text cannot hold one, and C strings on the way would cut there.
      if (string->find('\0') != std::string_view::npos) {
        return sql_failure(SqlErrorKind::Other, "a text value has a NUL character");
      }
    } else if (const auto* real = std::get_if<double>(&value.get()); real != nullptr && !std::isfinite(*real)) {
      return sql_failure(SqlErrorKind::Other, "a number is not finite");
    }
  }
  return {};
}

}  // namespace

SqlResult<std::unique_ptr<SqlSession>> SqlSession::open(const DatabaseUrl& url, const SqlLimits& limits) {
  auto driver = url.dialect == SqlDialect::PostgreSql ? sql::open_postgres(url, limits) : sql::open_sqlite(url, limits);
  if (!driver) return std::unexpected(std::move(driver.error()));
  return std::unique_ptr<SqlSession>(new SqlSession(*std::move(driver)));
}

SqlSession::SqlSession(std::unique_ptr<sql::Driver> driver) noexcept : driver_(std::move(driver)) {}
SqlSession::~SqlSession() = default;

SqlDialect SqlSession::dialect() const noexcept {
  return driver_->dialect();
}

SqlResult<> SqlSession::may_run() const {
  if (failed_) return sql_failure(SqlErrorKind::Other, "the transaction has failed already");
  if (in_transaction_ && !driver_->in_transaction()) {
    return sql_failure(SqlErrorKind::Unavailable, "the transaction is gone");
  }
  if (driver_->abandoned()) return sql_failure(SqlErrorKind::Timeout, "nobody waits for it any more");
  if (steady_clock::now() >= deadline_) return sql_failure(SqlErrorKind::Timeout, "the deadline is over");
  return {};
}

SqlResult<> SqlSession::check(std::string_view sql, std::span<const SqlValue> values) const {
  if (auto sound = check_values(sql, values); !sound) return sound;
  return may_run();
}

SqlError SqlSession::noted(SqlError error) {
  if (in_transaction_) {
    failed_ = true;
    if (error.kind == SqlErrorKind::NotSent) error.kind = SqlErrorKind::Unavailable;
  } else if (error.kind == SqlErrorKind::Unavailable) {
    error.kind = SqlErrorKind::OutcomeUnknown;  // a lone statement commits itself
  }
  return error;
}

SqlResult<sql::StatementResult> SqlSession::run(std::string_view sql, std::span<const SqlValue> values) {
  const bool logged = log_ != nullptr && log_->enabled(log::Level::Debug);
  const SteadyTime start = logged ? steady_clock::now() : SteadyTime{};
  auto allowed = check(sql, values);
  auto result = allowed ? driver_->run(sql, values, deadline_) : std::unexpected(std::move(allowed.error()));
  if (!result) result = std::unexpected(noted(std::move(result.error())));
  if (logged) {
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - start);
    log_->write(log::Level::Debug, "sql_statement",
                {{"sql", sql},
                 {"outcome", result ? std::string_view("ok") : name_of(result.error().kind)},
                 {"took_us", static_cast<std::int64_t>(took.count())}});
  }
  return result;
}

SqlResult<std::uint64_t> SqlSession::execute_with(std::string_view sql, std::span<const SqlValue> values) {
  auto result = run(sql, values);
  if (!result) return std::unexpected(std::move(result.error()));
  return result->affected;
}

SqlResult<SqlRows> SqlSession::query_with(std::string_view sql, std::span<const SqlValue> values) {
  auto result = run(sql, values);
  if (!result) return std::unexpected(std::move(result.error()));
  return std::move(result->rows);
}

SqlResult<std::optional<SqlRow>> SqlSession::query_one_with(std::string_view sql, std::span<const SqlValue> values) {
  auto rows = query_with(sql, values);
  if (!rows) return std::unexpected(std::move(rows.error()));
  if (rows->empty()) return std::nullopt;
  if (rows->size() > 1) {
    return std::unexpected(noted({.kind = SqlErrorKind::Other, .detail = "more than one row where one was expected"}));
  }
  return std::move(rows->front());
}

SqlResult<> SqlSession::run_script(std::string_view sql) {
  auto allowed = may_run();
  if (allowed) allowed = driver_->run_script(sql, deadline_);
  if (!allowed) return std::unexpected(noted(std::move(allowed.error())));
  return {};
}

SqlResult<> SqlSession::reopen() {
  if (gate_ != nullptr && !gate_->enter()) return sql_failure(SqlErrorKind::NotSent, "too many connect at once");
  auto reopened = driver_->reopen();
  if (gate_ != nullptr) gate_->leave();
  return reopened;
}

SqlResult<SqlTransaction> SqlSession::begin() {
  if (in_transaction_) return sql_failure(SqlErrorKind::Other, "a transaction is open already");
  if (auto allowed = may_run(); !allowed) return std::unexpected(std::move(allowed.error()));
  auto begun = driver_->begin(deadline_);
  // Nothing can have happened yet, so a connection that died since its last use costs no more than a second one.
  if (!begun && (begun.error().kind == SqlErrorKind::Unavailable || begun.error().kind == SqlErrorKind::NotSent) &&
      steady_clock::now() < deadline_) {
    if (auto reopened = reopen(); !reopened) return std::unexpected(std::move(reopened.error()));
    begun = driver_->begin(deadline_);
  }
  if (!begun) {
    if (begun.error().kind == SqlErrorKind::Unavailable) begun.error().kind = SqlErrorKind::NotSent;
    return std::unexpected(std::move(begun.error()));
  }
  in_transaction_ = true;
  failed_ = false;
  return SqlTransaction(*this);
}

SqlResult<> SqlSession::end_transaction() {
  if (auto allowed = may_run(); !allowed) {
    abandon_transaction();
    return allowed;
  }
  auto committed = driver_->commit(deadline_);
  if (!committed && driver_->in_transaction()) {
    abandon_transaction();
  }
  in_transaction_ = false;
  failed_ = false;
  return committed;
}

void SqlSession::abandon_transaction() noexcept {
  if (!in_transaction_) return;
  in_transaction_ = false;
  failed_ = false;
  try {
    if (driver_->in_transaction()) static_cast<void>(driver_->rollback(steady_clock::now() + kRollbackLimit));
  } catch (...) {  // no memory for the words "ROLLBACK": clean() finds the transaction still open
  }
}

SqlResult<SqlSession::Server> SqlSession::server() {
  return driver_->server(deadline_);
}

bool SqlSession::usable() noexcept {
  return driver_->usable();
}

bool SqlSession::clean() noexcept {
  abandon_transaction();
  deadline_ = SteadyTime::max();
  return !driver_->in_transaction() && driver_->usable();
}

void SqlSession::set_deadline(SteadyTime deadline) noexcept {
  deadline_ = deadline;
  driver_->set_abandoned(false);
}

std::function<void()> SqlSession::abandon() {
  driver_->set_abandoned(true);
  return driver_->canceller();
}

void SqlSession::break_if_overdue(SteadyTime now) noexcept {
  driver_->break_if_overdue(now);
}

SqlTransaction::~SqlTransaction() {
  rollback();
}

SqlResult<> SqlTransaction::commit() {
  if (session_ == nullptr) return sql_failure(SqlErrorKind::Other, "the transaction has ended already");
  return std::exchange(session_, nullptr)->end_transaction();
}

void SqlTransaction::rollback() noexcept {
  if (session_ != nullptr) std::exchange(session_, nullptr)->abandon_transaction();
}

}  // namespace sallyport::storage
