#include "shared.hpp"

namespace sallyport::payments_service {
namespace {

storage::SqlPoolOptions pool_options(const PaymentsServiceOptions& settings) {
  storage::SqlPoolOptions options;
  options.url = settings.database;
  options.connections_max = settings.config.common.database_connections;
  options.limits.allow_plaintext = settings.config.common.allow_plaintext;
  options.statement_log = settings.statement_log;
  return options;
}

}  // namespace

Shared::Shared(PaymentsServiceOptions settings, log::Logger& log)
    : options(std::move(settings)),
      logger(log),
      cursors(options.secrets.cursor_keys),
      metrics(registry),
      pool(pool_options(options), clock),
      repository({pool, options.database.dialect, clock, random, logger}) {}

}  // namespace sallyport::payments_service
