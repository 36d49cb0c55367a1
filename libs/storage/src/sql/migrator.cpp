#include "sallyport/storage/sql/migrator.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include <fmt/format.h>

namespace sallyport::storage {
namespace {

using State = MigrationStatus::State;

/// Which advisory lock says "somebody migrates": a number like any other, the same in every release.
constexpr std::int64_t kLock = 0x53414c4c59504f52;

constexpr std::string_view kCreateTable =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version BIGINT NOT NULL PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " checksum TEXT NOT NULL,"
    " applied_at BIGINT NOT NULL)";

std::string checksum(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("SHA-256 is not available");
  }
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string label(const MigrationStatus& status) {
  return fmt::format("{:04}_{}", status.version, status.name);
}

/// "" when the list may be migrated from.
std::string obstacle(const std::vector<MigrationStatus>& list) {
  bool pending_before = false;
  for (const MigrationStatus& status : list) {
    switch (status.state) {
      case State::Changed:
        return "migration " + label(status) + " was applied from another text than this program has";
      case State::Unknown:
        return "the database has migration " + label(status) + ", which this program does not know; it is newer";
      case State::Applied:
        if (pending_before) return "migration " + label(status) + " is applied, and an older one is not";
        break;
      case State::Pending:
        pending_before = true;
        break;
    }
  }
  return "";
}

MigrationStatus describe(const Migration& migration, State state, std::int64_t applied_at) {
  return {.version = migration.version, .name = std::string(migration.name), .state = state, .applied_at = applied_at};
}

}  // namespace

SqlResult<std::vector<MigrationStatus>> Migrator::read_status() {
  auto rows = session_.query("SELECT version, name, checksum, applied_at FROM schema_migrations ORDER BY version");
  if (!rows) return std::unexpected(std::move(rows.error()));
  std::vector<MigrationStatus> list;
  std::size_t next = 0;
  const auto add_pending_below = [&](std::int64_t version) {
    for (; next < migrations_.size() && migrations_[next].version < version; ++next) {
      list.push_back(describe(migrations_[next], State::Pending, 0));
    }
  };
  for (const SqlRow& row : *rows) {
    const std::int64_t version = row.integer(0);
    add_pending_below(version);
    if (next < migrations_.size() && migrations_[next].version == version) {
      const bool same = row.text(2) == checksum(migrations_[next].sql);
      list.push_back(describe(migrations_[next], same ? State::Applied : State::Changed, row.integer(3)));
      ++next;
    } else {
      list.push_back({.version = static_cast<std::uint32_t>(version),
                      .name = row.text(1),
                      .state = State::Unknown,
                      .applied_at = row.integer(3)});
    }
  }
  add_pending_below(std::numeric_limits<std::int64_t>::max());
  return list;
}

SqlResult<std::vector<MigrationStatus>> Migrator::status() {
  const auto exists = session_.query_one(
      session_.dialect() == SqlDialect::PostgreSql
          ? "SELECT CASE WHEN to_regclass('schema_migrations') IS NULL THEN 0 ELSE 1 END"
          : "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'");
  if (!exists) return std::unexpected(exists.error());
  if ((*exists)->boolean(0)) return read_status();
  std::vector<MigrationStatus> list;
  for (const Migration& migration : migrations_) list.push_back(describe(migration, State::Pending, 0));
  return list;
}

SqlResult<bool> Migrator::apply_next(std::vector<MigrationStatus>& applied,
                                     const std::function<void(const Migration&)>& tell) {
  auto transaction = session_.begin();
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  if (session_.dialect() == SqlDialect::PostgreSql) {
    // SQLite's BEGIN IMMEDIATE is such a lock already. Whoever waited here sees what the other runner committed.
    auto locked = session_.query("SELECT pg_advisory_xact_lock($1::bigint)", kLock);
    if (!locked) return std::unexpected(std::move(locked.error()));
  }
  auto created = session_.execute(kCreateTable);
  if (!created) return std::unexpected(std::move(created.error()));
  auto list = read_status();
  if (!list) return std::unexpected(std::move(list.error()));
  if (std::string problem = obstacle(*list); !problem.empty()) {
    return sql_failure(SqlErrorKind::Other, std::move(problem));
  }
  const auto pending = std::ranges::find(*list, State::Pending, &MigrationStatus::state);
  if (pending == list->end()) return false;
  const Migration& migration = *std::ranges::find(migrations_, pending->version, &Migration::version);

  auto run = session_.run_script(migration.sql);
  if (run && !session_.in_transaction()) {
    run = sql_failure(SqlErrorKind::Other, "it ends the transaction that it runs in");
  }
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall_now().time_since_epoch()).count();
  if (run) {
    auto noted =
        session_.execute("INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
                         migration.version, migration.name, checksum(migration.sql), now);
    if (!noted) run = std::unexpected(std::move(noted.error()));
  }
  if (run) run = transaction->commit();
  if (!run) {
    run.error().detail = "migration " + label(*pending) + ": " + run.error().detail;
    return std::unexpected(std::move(run.error()));
  }
  applied.push_back(describe(migration, State::Applied, now));
  if (tell) tell(migration);
  return true;
}

SqlResult<std::vector<MigrationStatus>> Migrator::migrate(const std::function<void(const Migration&)>& on_applied) {
  std::vector<MigrationStatus> applied;
  for (;;) {
    auto more = apply_next(applied, on_applied);
    if (!more) return std::unexpected(std::move(more.error()));
    if (!*more) return applied;
  }
}

SqlResult<std::optional<std::string>> schema_problem(SqlSession& session, std::span<const Migration> migrations) {
  const SystemClock clock;
  auto list = Migrator(session, migrations, clock).status();
  if (!list) return std::unexpected(std::move(list.error()));
  if (std::string problem = obstacle(*list); !problem.empty()) return std::optional(std::move(problem));
  const auto pending = std::ranges::find(*list, State::Pending, &MigrationStatus::state);
  if (pending == list->end()) return std::nullopt;
  return "migration " + label(*pending) + " is not applied; run sallyport migrate";
}

}  // namespace sallyport::storage
