#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/storage/sql/session.hpp"
#include "sallyport/storage/sql/transaction.hpp"

namespace sallyport::log {
class Logger;
}

namespace sallyport::accounts::sql {

using storage::pass;
using storage::SqlErrorKind;
using storage::SqlResult;
using storage::SqlRow;
using storage::SqlSession;

/// What audit events are made with.
struct AuditWriter {
  std::string insert;  ///< the statement
  const Clock& clock;
  Random& random;
  log::Logger& logger;
};

/// One transaction in progress: its connection, and the audit events that it wrote.
class UnitOfWork final {
 public:
  UnitOfWork(SqlSession& session, const AuditWriter& audit) noexcept : session_(session), audit_(audit) {}

  SqlSession& db() noexcept { return session_; }
  /// Inserts the event into this transaction.
  SqlResult<> record(AuditEvent event);
  /// One log line for each event; after the commit, since before it nothing has happened.
  void log_events() const;
  /// The result stands, but nothing of the transaction does: it is rolled back instead of committed.
  void abandon() noexcept { abandoned_ = true; }
  bool abandoned() const noexcept { return abandoned_; }

 private:
  SqlSession& session_;
  const AuditWriter& audit_;
  std::vector<AuditEvent> events_;
  bool abandoned_ = false;
};

/// Runs body(UnitOfWork&) → SqlResult<T> in a transaction and commits it; once more when it lost a deadlock. body keeps
/// its inputs as they are, so that it can run again.
template <class F>
auto in_transaction(SqlSession& session, const AuditWriter& audit, F&& body) -> std::invoke_result_t<F&, UnitOfWork&> {
  std::optional<UnitOfWork> unit;  // of the last run
  auto result = storage::in_transaction(session, [&](storage::Then& then) {
    auto done = body(unit.emplace(session, audit));
    if (unit->abandoned()) then = storage::Then::Rollback;
    return done;
  });
  if (result && !unit->abandoned()) unit->log_events();
  return result;
}

}  // namespace sallyport::accounts::sql
