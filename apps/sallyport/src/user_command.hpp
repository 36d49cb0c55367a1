#pragma once

#include <optional>
#include <string>

namespace sallyport::app {

struct UserArguments {
  std::string email;
  std::optional<std::string> name;  ///< create only
  std::string role;                 ///< "user" or "admin"
  bool allow_plaintext = false;     ///< talk to a PostgreSQL off this machine without verified TLS
};

/// Both work as the owner of the schema in SALLYPORT_MIGRATE_DATABASE_URL (or …_FILE), leave an audit event of the
/// actor "command line" and return the process' exit code: 0, or 1 when it failed. Errors go to stderr.

/// The password is one line of standard input, under the rules of the service.
int run_user_create(const UserArguments& arguments);
/// Gives an existing user the role, which ends the user's sessions.
int run_user_promote(const UserArguments& arguments);

}  // namespace sallyport::app
