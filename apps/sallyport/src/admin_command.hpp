#pragma once

#include <string>

namespace sallyport::app {

struct AdminArguments {
  std::string config_file;
};

/// `sallyport admin`: the admin service, production rules. Secrets and the addresses of Redis and the database come
/// from the environment, the limits from the gateway's file when the config names it; the schema must have been
/// migrated. Serves until SIGTERM or SIGINT, which the caller has blocked before any thread was started. Returns the
/// process' exit code: 0, or 1 when it could not start; the reason goes to stderr and holds no secret.
int run_admin(const AdminArguments& arguments);

}  // namespace sallyport::app
