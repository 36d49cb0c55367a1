#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "sallyport/core/error.hpp"

namespace sallyport::storage {

/// What went wrong, told apart by what the caller may do about it. Unless the kind says otherwise the failed statement
/// changed nothing. Inside a transaction any error ends the transaction, on both engines: what follows is refused and
/// commit() fails.
enum class SqlErrorKind : std::uint8_t {
  UniqueViolation,  ///< `constraint` says which
  ForeignKey,
  Check,           ///< a CHECK or NOT NULL constraint; `constraint` may say which
  Serialization,   ///< deadlock or serialisation failure: the transaction may be run once more
  Busy,            ///< a lock did not become free in time
  Timeout,         ///< the deadline passed; the statement was stopped, or not begun
  Overloaded,      ///< no connection became free in time, or too many callers wait: nothing was done
  NotSent,         ///< no connection to the database: nothing was done
  Unavailable,     ///< the connection broke inside a transaction: it will not be committed
  OutcomeUnknown,  ///< the connection broke, or the wait ended, after a COMMIT or a lone statement was sent: it may
                   ///< have happened; look before doing it again
  Other,           ///< a bug, a refused value, a missing table or right
};

std::string_view name_of(SqlErrorKind kind) noexcept;

struct SqlError {
  SqlErrorKind kind = SqlErrorKind::Other;
  std::string constraint = {};  ///< PostgreSQL: the constraint's name; SQLite: "table.column[, table.column]"
  std::string sqlstate = {};    ///< PostgreSQL: five characters; SQLite: the extended result code in decimal; or ""
  std::string detail = {};      ///< for the log; never holds a bound value, a row's value or a password

  /// A violation of the unique constraint that PostgreSQL calls `name` and SQLite calls `columns`
  /// ("users.email", or "a.x, a.y").
  bool is_unique(std::string_view name, std::string_view columns) const noexcept {
    return kind == SqlErrorKind::UniqueViolation && (constraint == name || constraint == columns);
  }
  /// "unique_violation 23505 users_email_key: …": one line for the log.
  std::string describe() const;
};

template <class T = void>
using SqlResult = std::expected<T, SqlError>;

inline std::unexpected<SqlError> sql_failure(SqlErrorKind kind, std::string detail) {
  return std::unexpected(SqlError{.kind = kind, .detail = std::move(detail)});
}

/// The answer for a client when nothing better is known: Overloaded is 503 overloaded; Busy, Timeout, NotSent,
/// Unavailable, OutcomeUnknown and Serialization are 503 service_unavailable; the rest is 500 internal_error. Retry is
/// Safe where nothing was done.
Error to_error(const SqlError& error);

}  // namespace sallyport::storage
