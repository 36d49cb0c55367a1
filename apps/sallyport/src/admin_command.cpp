#include "admin_command.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "load.hpp"
#include "sallyport/admin_service/admin_service.hpp"
#include "sallyport/api_gateway/limit_catalog.hpp"
#include "service_command.hpp"

namespace sallyport::app {
namespace {

/// The limits of the gateway whose file `config` names. false: there is a file, and it cannot be used.
bool load_limits(const admin_service::AdminConfig& config, std::optional<rate_limit::LimitCatalog>& out) {
  if (config.gateway_config.empty()) return true;
  const auto gateway = load_config_file(config.gateway_config, api_gateway::ConfigMode::Production, {});
  if (gateway) out = api_gateway::limit_catalog(*gateway);
  return gateway.has_value();
}

}  // namespace

int run_admin(const AdminArguments& arguments) {
  auto config = load_service_config(arguments.config_file, admin_service::load_admin_config);
  // Even without a usable file: everything that is wrong is told at once.
  auto secrets = load_service_secrets([](const auto& from) { return secrets::load_admin_secrets(from); });
  std::optional<rate_limit::LimitCatalog> limits;
  const bool limits_usable = !config || load_limits(*config, limits);
  if (!config || !secrets || !limits_usable) return 1;
  const service::CommonSettings& common = config->common;
  auto redis = usable_redis_url("SALLYPORT_REDIS_URL", secrets->redis_url.expose(), common.allow_plaintext);
  auto database = usable_database_url("SALLYPORT_DATABASE_URL", secrets->database_url.expose(), common.allow_plaintext);
  if (!redis || !database) return 1;

  const auto drain = common.drain;
  log::Logger logger({.level = common.log_level}, log::Redactor(secrets->known_values()));
  if (!limits) {
    logger.write(log::Level::Warn, "rate_limits_not_known",
                 {{"detail", std::string_view("without gateway_config, /admin/rate-limits answers 503")}});
  }
  admin_service::AdminServiceOptions options{
      .secrets = *std::move(secrets), .database = *std::move(database), .config = *std::move(config)};
  options.redis = *std::move(redis);
  options.limits = std::move(limits);
  admin_service::AdminService admin(std::move(options), logger);
  return run_service(admin, drain);
}

}  // namespace sallyport::app
