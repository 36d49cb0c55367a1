#include "dialect.hpp"

#include "sallyport/core/assert.hpp"

namespace sallyport::payments::sql {
namespace {

// clock_timestamp(), not now(): a transaction that waited for a lock must not stamp the time at which it began.
constexpr std::string_view kNowPostgres = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
constexpr std::string_view kNowSqlite =
    "(CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) * 1000)";

}  // namespace

std::string expand(storage::SqlDialect dialect, std::string_view statement) {
  const bool postgres = dialect == storage::SqlDialect::PostgreSql;
  std::string out;
  while (true) {
    const auto open = statement.find('{');
    out.append(statement.substr(0, open));
    if (open == std::string_view::npos) return out;
    const auto close = statement.find('}', open);
    SALLYPORT_ASSERT(close != std::string_view::npos);
    const std::string_view name = statement.substr(open + 1, close - open - 1);
    if (name == "now") {
      out.append(postgres ? kNowPostgres : kNowSqlite);
    } else {
      SALLYPORT_ASSERT(name.starts_with("for_"));
      for (const char c : name) {
        if (postgres) out.push_back(c == '_' ? ' ' : c);
      }
    }
    statement.remove_prefix(close + 1);
  }
}

}  // namespace sallyport::payments::sql
