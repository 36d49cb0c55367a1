#include "shared.hpp"

namespace sallyport::admin_service {
namespace {

storage::SqlPoolOptions pool_options(const AdminServiceOptions& settings) {
  storage::SqlPoolOptions options;
  options.url = settings.database;
  options.connections_max = settings.config.common.database_connections;
  options.limits.allow_plaintext = settings.config.common.allow_plaintext;
  options.statement_log = settings.statement_log;
  return options;
}

}  // namespace

Shared::Shared(AdminServiceOptions settings, log::Logger& log)
    : options(std::move(settings)),
      logger(log),
      cursors(options.secrets.cursor_keys),
      lockout_metrics(registry),
      lockout_memory(options.lockout ? options.lockout : std::make_shared<lockout::MemoryLockoutStore>(clock)),
      pool(pool_options(options), clock),
      repository({pool, options.database.dialect, mint, signer, clock, random, logger}, {}) {}

}  // namespace sallyport::admin_service
