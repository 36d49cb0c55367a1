#pragma once

namespace sallyport::app {

struct MigrateArguments {
  bool status = false;           ///< list all migrations, change nothing
  bool dry_run = false;          ///< list what would be applied, change nothing
  bool allow_plaintext = false;  ///< talk to a PostgreSQL off this machine without verified TLS
};

/// Brings the schema of the database in SALLYPORT_MIGRATE_DATABASE_URL (or …_FILE) up to date. A second runner waits
/// for the first for at most a minute. Returns the process' exit code: 0; 1 when it failed, or when --status found
/// something other than applied and pending migrations; 2 when it was called wrongly. Errors go to stderr and never
/// hold the password.
int run_migrate(const MigrateArguments& arguments);

}  // namespace sallyport::app
