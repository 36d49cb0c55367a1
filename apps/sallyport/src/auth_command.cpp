#include "auth_command.hpp"

#include <cstdio>
#include <optional>

#include "load.hpp"
#include "read_file.hpp"
#include "sallyport/auth_service/auth_config.hpp"
#include "sallyport/auth_service/auth_service.hpp"
#include "sallyport/secrets/environment.hpp"
#include "sallyport/service/run.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kConfigBytesMax = 65536;

std::optional<auth_service::AuthConfig> load_config(const std::string& file) {
  const auto text = read_file(file, kConfigBytesMax);
  if (!text) {
    std::fprintf(stderr, "sallyport: %s\n", text.error().c_str());
    return std::nullopt;
  }
  auto loaded = auth_service::load_auth_config(*text);
  std::fputs(service::format_problems(file, loaded.problems).c_str(), stderr);
  if (!loaded.problems.empty()) return std::nullopt;
  return std::move(loaded.config);
}

std::optional<secrets::AuthSecrets> load_secrets() {
  auto loaded = secrets::load_auth_secrets(secrets::ProcessEnvironment());
  for (const auto& warning : loaded.warnings) {
    std::fprintf(stderr, "sallyport: warning: %s\n", secrets::text_of(warning).c_str());
  }
  for (const auto& problem : loaded.problems) {
    std::fprintf(stderr, "sallyport: %s\n", secrets::text_of(problem).c_str());
  }
  return std::move(loaded.secrets);
}

}  // namespace

int run_auth(const AuthArguments& arguments) {
  auto config = load_config(arguments.config_file);
  auto secrets = load_secrets();  // even so: everything that is wrong is told at once
  if (!config || !secrets) return 1;
  auto redis = usable_redis_url("SALLYPORT_REDIS_URL", secrets->redis_url.expose(), config->common.allow_plaintext);
  auto database =
      usable_database_url("SALLYPORT_DATABASE_URL", secrets->database_url.expose(), config->common.allow_plaintext);
  if (!redis || !database) return 1;

  log::Logger logger({.level = config->common.log_level}, log::Redactor(secrets->known_values()));
  auth_service::AuthServiceOptions options{.secrets = *std::move(secrets), .database = *std::move(database)};
  options.redis = *std::move(redis);
  options.issuer = std::move(config->common.issuer);
  options.audience = std::move(config->common.audience);
  options.listen = std::move(config->common.listen);
  options.threads = config->common.threads;
  options.access_ttl = config->access_ttl;
  options.lifetimes = config->lifetimes;
  options.trusted_gateways = std::move(config->common.trusted_gateways);
  options.origins = std::move(config->origins);
  options.redis_key_prefix = std::move(config->common.redis_key_prefix);
  options.allow_plaintext = config->common.allow_plaintext;
  options.database_connections_max = config->common.database_connections;
  options.instances = config->common.instances;
  options.access_log = config->common.access_log;
  options.shutdown_timeout = config->common.shutdown_timeout;
  auth_service::AuthService auth(std::move(options), logger);
  const auto started = auth.start(service::signal_came);
  if (!started) {
    std::fprintf(stderr, "sallyport: cannot start: %s\n", started.error().detail.c_str());
    return 1;
  }
  service::serve_until_signal({auth.urls(), [&] { auth.begin_drain(); }, [&] { auth.stop(); }}, config->common.drain);
  return 0;
}

}  // namespace sallyport::app
