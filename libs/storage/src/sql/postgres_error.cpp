#include "sql/postgres_error.hpp"

namespace sallyport::storage::sql {
namespace {

SqlErrorKind kind_of(std::string_view state) noexcept {
  // PostgreSQL 15, appendix A.
  if (state == "23505") return SqlErrorKind::UniqueViolation;
  if (state == "23503") return SqlErrorKind::ForeignKey;
  if (state == "23514" || state == "23502") return SqlErrorKind::Check;
  if (state == "40001" || state == "40P01") return SqlErrorKind::Serialization;
  if (state == "55P03") return SqlErrorKind::Busy;
  if (state == "57014") return SqlErrorKind::Timeout;
  return SqlErrorKind::Other;
}

/// Classes whose primary message speaks of the statement or the server, never of a row: syntax and rights, resources,
/// wrong state of the transaction.
bool message_is_harmless(std::string_view state) noexcept {
  return state.starts_with("42") || state.starts_with("53") || state.starts_with("25") || state.starts_with("57");
}

std::string one_line(std::string_view text) {
  constexpr std::size_t kBytesMax = 400;
  std::string line;
  for (const char c : text.substr(0, kBytesMax)) {
    const bool control = static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    if (!control) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

std::string field(const PGresult* result, int code) {
  const char* const value = PQresultErrorField(result, code);
  return value == nullptr ? "" : value;
}

}  // namespace

SqlError postgres_error(const PGresult* result, bool broken) {
  SqlError error;
  error.sqlstate = field(result, PG_DIAG_SQLSTATE);
  if (broken) {
    error.kind = SqlErrorKind::Unavailable;
    error.detail = "the connection was lost";
    return error;
  }
  error.kind = kind_of(error.sqlstate);
  error.constraint = field(result, PG_DIAG_CONSTRAINT_NAME);
  if (error.sqlstate == "23502") error.constraint = field(result, PG_DIAG_COLUMN_NAME);
  if (message_is_harmless(error.sqlstate)) error.detail = one_line(field(result, PG_DIAG_MESSAGE_PRIMARY));
  return error;
}

std::string connect_message(std::string_view message, std::string_view password) {
  if (const std::size_t line_end = message.find('\n'); line_end != std::string_view::npos) {
    message.remove_prefix(line_end + 1);  // SOCI's own words
  }
  if (!password.empty() && message.find(password) != std::string_view::npos) return "";
  return one_line(message);
}

}  // namespace sallyport::storage::sql
