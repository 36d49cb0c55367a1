#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/storage/sql/session.hpp"

namespace sallyport::storage {

/// One step of the schema: NNNN_name.sql. Its text may not begin, commit or roll back a transaction.
struct Migration {
  std::uint32_t version;
  std::string_view name;
  std::string_view sql;
};

struct MigrationStatus {
  enum class State : std::uint8_t {
    Applied,
    Pending,
    Changed,  ///< applied once, but from another text
    Unknown,  ///< applied by a newer program
  };
  std::uint32_t version = 0;
  std::string name;
  State state = State::Pending;
  std::int64_t applied_at = 0;  ///< microseconds since 1970 UTC; 0 when pending
};

/// Applies migrations in order, each in a transaction of its own under a lock that one runner at a time holds, and
/// records them with a SHA-256 in schema_migrations. A second runner waits, then finds nothing left to do.
class Migrator final {
 public:
  /// migrations: versions rise. The session should have no statement limit. All must outlive the migrator.
  Migrator(SqlSession& session, std::span<const Migration> migrations, const Clock& clock) noexcept
      : session_(session), migrations_(migrations), clock_(clock) {}

  /// Changes nothing. Works before the first migration too.
  SqlResult<std::vector<MigrationStatus>> status();
  /// Applies what is pending; returns what was applied. Refuses with Other, and changes nothing, when an applied text
  /// has changed, when the database is newer than the program, or when a pending migration is older than an applied
  /// one. `on_applied` is told of each, after its commit.
  SqlResult<std::vector<MigrationStatus>> migrate(const std::function<void(const Migration&)>& on_applied = {});

 private:
  SqlResult<bool> apply_next(std::vector<MigrationStatus>& applied, const std::function<void(const Migration&)>& tell);
  SqlResult<std::vector<MigrationStatus>> read_status();

  SqlSession& session_;
  std::span<const Migration> migrations_;
  const Clock& clock_;
};

/// nullopt when the schema is exactly what the program expects; else one sentence that says what is the matter. For a
/// service's start. Blocks.
SqlResult<std::optional<std::string>> schema_problem(SqlSession& session, std::span<const Migration> migrations);

}  // namespace sallyport::storage
