#include "shared.hpp"

#include "sallyport/service/database.hpp"

namespace sallyport::admin_service {

Shared::Shared(AdminServiceOptions settings, log::Logger& log)
    : options(std::move(settings)),
      logger(log),
      cursors(options.secrets.cursor_keys),
      lockout_metrics(registry),
      lockout_memory(options.lockout ? options.lockout : std::make_shared<lockout::MemoryLockoutStore>(clock)),
      counters(options.counters ? options.counters : std::make_shared<rate_limit::MemoryStore>(clock, random)),
      pool(service::pool_options(options.database, options.config.common, options.statement_log), clock),
      repository({pool, options.database.dialect, mint, signer, clock, random, logger}, {}) {
  if (options.limits) limits.use(*options.limits);
}

}  // namespace sallyport::admin_service
