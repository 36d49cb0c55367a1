#include "admin_command.hpp"

#include <cstdio>
#include <optional>
#include <utility>

#include "load.hpp"
#include "read_file.hpp"
#include "sallyport/admin_service/admin_service.hpp"
#include "sallyport/secrets/environment.hpp"
#include "sallyport/service/run.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kConfigBytesMax = 65536;

std::optional<admin_service::AdminConfig> load_config(const std::string& file) {
  const auto text = read_file(file, kConfigBytesMax);
  if (!text) {
    std::fprintf(stderr, "sallyport: %s\n", text.error().c_str());
    return std::nullopt;
  }
  auto loaded = admin_service::load_admin_config(*text);
  std::fputs(service::format_problems(file, loaded.problems).c_str(), stderr);
  if (!loaded.problems.empty()) return std::nullopt;
  return std::move(loaded.config);
}

std::optional<secrets::AdminSecrets> load_secrets() {
  auto loaded = secrets::load_admin_secrets(secrets::ProcessEnvironment());
  for (const auto& warning : loaded.warnings) {
    std::fprintf(stderr, "sallyport: warning: %s\n", secrets::text_of(warning).c_str());
  }
  for (const auto& problem : loaded.problems) {
    std::fprintf(stderr, "sallyport: %s\n", secrets::text_of(problem).c_str());
  }
  return std::move(loaded.secrets);
}

}  // namespace

int run_admin(const AdminArguments& arguments) {
  auto config = load_config(arguments.config_file);
  auto secrets = load_secrets();  // even so: everything that is wrong is told at once
  if (!config || !secrets) return 1;
  const bool plaintext = config->common.allow_plaintext;
  auto redis = usable_redis_url("SALLYPORT_REDIS_URL", secrets->redis_url.expose(), plaintext);
  auto database = usable_database_url("SALLYPORT_DATABASE_URL", secrets->database_url.expose(), plaintext);
  if (!redis || !database) return 1;

  const auto drain = config->common.drain;
  log::Logger logger({.level = config->common.log_level}, log::Redactor(secrets->known_values()));
  admin_service::AdminServiceOptions options{
      .secrets = *std::move(secrets), .database = *std::move(database), .config = *std::move(config)};
  options.redis = *std::move(redis);
  admin_service::AdminService admin(std::move(options), logger);
  const auto started = admin.start(service::signal_came);
  if (!started) {
    std::fprintf(stderr, "sallyport: cannot start: %s\n", started.error().detail.c_str());
    return 1;
  }
  service::serve_until_signal({admin.urls(), [&] { admin.begin_drain(); }, [&] { admin.stop(); }}, drain);
  return 0;
}

}  // namespace sallyport::app
