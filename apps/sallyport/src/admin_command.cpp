#include "admin_command.hpp"

#include <utility>

#include "load.hpp"
#include "sallyport/admin_service/admin_service.hpp"
#include "service_command.hpp"

namespace sallyport::app {

int run_admin(const AdminArguments& arguments) {
  auto config = load_service_config(arguments.config_file, admin_service::load_admin_config);
  // Even without a usable file: everything that is wrong is told at once.
  auto secrets = load_service_secrets([](const auto& from) { return secrets::load_admin_secrets(from); });
  if (!config || !secrets) return 1;
  const service::CommonSettings& common = config->common;
  auto redis = usable_redis_url("SALLYPORT_REDIS_URL", secrets->redis_url.expose(), common.allow_plaintext);
  auto database = usable_database_url("SALLYPORT_DATABASE_URL", secrets->database_url.expose(), common.allow_plaintext);
  if (!redis || !database) return 1;

  const auto drain = common.drain;
  log::Logger logger({.level = common.log_level}, log::Redactor(secrets->known_values()));
  admin_service::AdminServiceOptions options{
      .secrets = *std::move(secrets), .database = *std::move(database), .config = *std::move(config)};
  options.redis = *std::move(redis);
  admin_service::AdminService admin(std::move(options), logger);
  return run_service(admin, drain);
}

}  // namespace sallyport::app
