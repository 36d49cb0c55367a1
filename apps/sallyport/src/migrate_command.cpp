#include "migrate_command.hpp"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/service_secrets.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"

namespace sallyport::app {
namespace {

using storage::MigrationStatus;
using State = MigrationStatus::State;

constexpr const char* kVariable = "SALLYPORT_MIGRATE_DATABASE_URL";

/// A migration may take long, and so may the runner before this one.
constexpr storage::SqlLimits limits_of(const MigrateArguments& arguments) {
  return {.statement = std::chrono::milliseconds(0),
          .lock = std::chrono::minutes(1),
          .idle_in_transaction = std::chrono::milliseconds(0),
          .allow_plaintext = arguments.allow_plaintext};
}

int failed(const std::string& message) {
  std::fprintf(stderr, "sallyport migrate: %s\n", message.c_str());
  return 1;
}

std::string state_of(const MigrationStatus& status) {
  switch (status.state) {
    case State::Applied: {
      const std::chrono::sys_time<std::chrono::seconds> at{std::chrono::seconds(status.applied_at / 1'000'000)};
      return fmt::format("applied  {:%Y-%m-%dT%H:%M:%SZ}", at);
    }
    case State::Pending:
      return "pending";
    case State::Changed:
      return "CHANGED  applied from another text than this program has";
    case State::Unknown:
      return "UNKNOWN  applied by a newer program";
  }
  return "";
}

int list(storage::Migrator& migrator, bool only_pending) {
  const auto found = migrator.status();
  if (!found) return failed(found.error().describe());
  int code = 0;
  for (const MigrationStatus& status : *found) {
    if (status.state == State::Changed || status.state == State::Unknown) code = 1;
    if (only_pending && status.state == State::Applied) continue;
    fmt::print("{:04}_{:<24} {}\n", status.version, status.name, state_of(status));
  }
  return code;
}

}  // namespace

int run_migrate(const MigrateArguments& arguments) {
  const auto loaded = secrets::load_owner_secrets(secrets::ProcessEnvironment());
  for (const auto& warning : loaded.warnings) {
    std::fprintf(stderr, "sallyport migrate: warning: %s\n", text_of(warning).c_str());
  }
  for (const auto& problem : loaded.problems) failed(text_of(problem));
  if (!loaded.secrets) return 1;
  const auto url = storage::DatabaseUrl::parse(loaded.secrets->database_url.expose());
  if (!url) return failed(fmt::format("{}: {}", kVariable, url.error().detail));
  if (const auto allowed = url->check_transport(arguments.allow_plaintext); !allowed) {
    return failed(fmt::format("{}: {}", kVariable, allowed.error().detail));
  }
  auto session = storage::SqlSession::open(*url, limits_of(arguments));
  if (!session) return failed(session.error().describe());

  const SystemClock clock;
  storage::Migrator migrator(**session, storage::embedded_migrations(url->dialect), clock);
  if (arguments.status || arguments.dry_run) return list(migrator, !arguments.status);
  const auto applied = migrator.migrate([](const storage::Migration& migration) {
    fmt::print("applied {:04}_{}\n", migration.version, migration.name);
    std::fflush(stdout);
  });
  if (!applied) return failed(applied.error().describe());
  if (applied->empty()) fmt::print("nothing to do: the schema is up to date\n");
  return 0;
}

}  // namespace sallyport::app
