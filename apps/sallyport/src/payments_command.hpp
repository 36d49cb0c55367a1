#pragma once

#include <string>

namespace sallyport::app {

struct PaymentsArguments {
  std::string config_file;
};

/// `sallyport payments`: the payments service, production rules. Secrets and the addresses of Redis, the database and
/// the card processor come from the environment; the schema must have been migrated. Serves until SIGTERM or SIGINT,
/// which the caller has blocked before any thread was started. Returns the process' exit code: 0, or 1 when it could
/// not start; the reason goes to stderr and holds no secret.
int run_payments(const PaymentsArguments& arguments);

}  // namespace sallyport::app
