#include "sallyport/storage/sql/dialect_text.hpp"

#include <array>

#include "sallyport/core/assert.hpp"

namespace sallyport::storage {
namespace {

struct Difference {
  std::string_view name, postgres, sqlite;
};

constexpr std::array kDifferences = {
    // clock_timestamp(), not now(): a transaction that waited for a lock must not stamp the time at which it began.
    Difference{"now", "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
               "(CAST(strftime('%s', 'now') AS INTEGER) * 1000000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER) "
               "* 1000)"},
    Difference{"for_update", "FOR UPDATE", ""},
    Difference{"for_share", "FOR SHARE", ""},
    Difference{"for_no_key_update", "FOR NO KEY UPDATE", ""},
    Difference{"for_update_of_k", "FOR UPDATE OF k", ""},
    Difference{"for_update_skip_locked", "FOR UPDATE SKIP LOCKED", ""},
    Difference{"for_no_key_update_of_s", "FOR NO KEY UPDATE OF s", ""},
    Difference{"for_update_of_t_skip_locked", "FOR UPDATE OF t SKIP LOCKED", ""},
    Difference{"for_update_of_s_skip_locked", "FOR UPDATE OF s SKIP LOCKED", ""},
};

}  // namespace

std::string expand(SqlDialect dialect, std::string_view statement) {
  std::string out;
  while (true) {
    const auto open = statement.find('{');
    out.append(statement.substr(0, open));
    if (open == std::string_view::npos) return out;
    const auto close = statement.find('}', open);
    SALLYPORT_ASSERT(close != std::string_view::npos);
    const std::string_view name = statement.substr(open + 1, close - open - 1);
    const Difference* found = nullptr;
    for (const Difference& difference : kDifferences) {
      if (difference.name == name) found = &difference;
    }
    SALLYPORT_ASSERT(found != nullptr);
    out.append(dialect == SqlDialect::PostgreSql ? found->postgres : found->sqlite);
    statement.remove_prefix(close + 1);
  }
}

}  // namespace sallyport::storage
