#include "sallyport/service/database.hpp"

#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/start_up.hpp"

namespace sallyport::service {

storage::SqlPoolOptions pool_options(const storage::DatabaseUrl& url, const CommonSettings& settings,
                                     log::Logger* statement_log) {
  storage::SqlPoolOptions options;
  options.url = url;
  options.connections_max = settings.database_connections;
  options.limits.allow_plaintext = settings.allow_plaintext;
  options.statement_log = statement_log;
  return options;
}

Result<void> check_database(const storage::DatabaseUrl& url, const CommonSettings& settings, log::Logger& logger) {
  storage::DatabaseNeeds needs{.url = url, .migrations = storage::embedded_migrations(url.dialect)};
  needs.limits.allow_plaintext = settings.allow_plaintext;
  needs.connections_max = settings.database_connections;
  needs.instances = settings.instances;
  return storage::check_database(needs, logger);
}

}  // namespace sallyport::service
