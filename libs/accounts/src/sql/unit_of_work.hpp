#pragma once

#include <expected>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/storage/sql/session.hpp"

namespace sallyport::log {
class Logger;
}

namespace sallyport::accounts::sql {

using storage::SqlError;
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

/// Makes an error of another kind look like a result of ours.
inline std::unexpected<SqlError> pass(SqlError error) {
  return std::unexpected(std::move(error));
}

/// Runs body(UnitOfWork&) → SqlResult<T> in a transaction and commits it; once more when it lost a deadlock. body keeps
/// its inputs as they are, so that it can run again.
template <class F>
auto in_transaction(SqlSession& session, const AuditWriter& audit, F&& body) -> std::invoke_result_t<F&, UnitOfWork&> {
  for (bool again = true;; again = false) {
    UnitOfWork unit(session, audit);
    auto transaction = session.begin();
    if (!transaction) return pass(std::move(transaction.error()));
    auto result = body(unit);
    SqlError error;
    if (result && unit.abandoned()) {
      transaction->rollback();
      return result;
    }
    if (result) {
      auto committed = transaction->commit();
      if (committed) {
        unit.log_events();
        return result;
      }
      error = std::move(committed.error());
    } else {
      transaction->rollback();
      error = std::move(result.error());
    }
    if (!again || error.kind != SqlErrorKind::Serialization) return pass(std::move(error));
  }
}

}  // namespace sallyport::accounts::sql
