#pragma once

#include "sallyport/observability/log.hpp"
#include "sallyport/service/common_settings.hpp"
#include "sallyport/storage/sql/database_url.hpp"
#include "sallyport/storage/sql/pool.hpp"

namespace sallyport::service {

/// The pool that a service's file asks for. statement_log: see storage::SqlPoolOptions; null in production.
storage::SqlPoolOptions pool_options(const storage::DatabaseUrl& url, const CommonSettings& settings,
                                     log::Logger* statement_log);

/// storage::check_database with the program's own schema and what the file says.
Result<void> check_database(const storage::DatabaseUrl& url, const CommonSettings& settings, log::Logger& logger);

}  // namespace sallyport::service
