#include "shared.hpp"

#include "sallyport/service/database.hpp"

namespace sallyport::payments_service {

Shared::Shared(PaymentsServiceOptions settings, log::Logger& log)
    : options(std::move(settings)),
      logger(log),
      cursors(options.secrets.cursor_keys),
      metrics(registry),
      pool(service::pool_options(options.database, options.config.common, options.statement_log), clock),
      repository({pool, options.database.dialect, clock, random, logger}) {}

}  // namespace sallyport::payments_service
