#include "auth_command.hpp"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <optional>
#include <thread>

#include "load.hpp"
#include "read_file.hpp"
#include "sallyport/auth_service/auth_config.hpp"
#include "sallyport/auth_service/auth_service.hpp"
#include "sallyport/secrets/environment.hpp"

namespace sallyport::app {
namespace {

constexpr std::size_t kConfigBytesMax = 65536;
constexpr std::chrono::milliseconds kStep{50};

/// Waits for a signal to stop; false when `limit` came first.
bool wait_for_signal(std::chrono::milliseconds limit) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  const timespec wait{limit.count() / 1000, (limit.count() % 1000) * 1000000};
  return ::sigtimedwait(&set, nullptr, &wait) > 0;
}

std::optional<auth_service::AuthConfig> load_config(const std::string& file) {
  const auto text = read_file(file, kConfigBytesMax);
  if (!text) {
    std::fprintf(stderr, "sallyport: %s\n", text.error().c_str());
    return std::nullopt;
  }
  auto loaded = auth_service::load_auth_config(*text);
  std::fputs(auth_service::format_problems(file, loaded.problems).c_str(), stderr);
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

std::optional<storage::DatabaseUrl> usable_database_url(std::string_view text, bool allow_plaintext) {
  auto url = storage::DatabaseUrl::parse(text);
  auto usable = url ? url->check_transport(allow_plaintext) : Result<void>(std::unexpected(url.error()));
  if (usable) return std::move(*url);
  std::fprintf(stderr, "sallyport: SALLYPORT_DATABASE_URL: %s\n", usable.error().detail.c_str());
  return std::nullopt;
}

/// Serves until the first signal; the second one ends the process at once.
void serve(auth_service::AuthService& service, std::chrono::milliseconds drain) {
  for (const std::string& url : service.urls()) std::printf("listening on %s\n", url.c_str());
  std::fflush(stdout);
  while (!wait_for_signal(std::chrono::hours(24))) {
  }
  service.begin_drain();
  if (drain.count() > 0 && wait_for_signal(drain)) std::_Exit(0);
  std::atomic<bool> stopped{false};
  std::thread impatient([&stopped] {
    while (!stopped.load()) {
      if (wait_for_signal(kStep)) std::_Exit(0);
    }
  });
  service.stop();
  stopped.store(true);
  impatient.join();
}

}  // namespace

int run_auth(const AuthArguments& arguments) {
  auto config = load_config(arguments.config_file);
  auto secrets = load_secrets();  // even so: everything that is wrong is told at once
  if (!config || !secrets) return 1;
  auto redis = usable_redis_url("SALLYPORT_REDIS_URL", secrets->redis_url.expose(), config->allow_plaintext);
  auto database = usable_database_url(secrets->database_url.expose(), config->allow_plaintext);
  if (!redis || !database) return 1;

  log::Logger logger({.level = config->log_level}, log::Redactor(secrets->known_values()));
  auth_service::AuthServiceOptions options{.secrets = *std::move(secrets), .database = *std::move(database)};
  options.redis = *std::move(redis);
  options.issuer = std::move(config->issuer);
  options.audience = std::move(config->audience);
  options.listen = std::move(config->listen);
  options.threads = config->threads;
  options.access_ttl = config->access_ttl;
  options.lifetimes = config->lifetimes;
  options.trusted_gateways = std::move(config->trusted_gateways);
  options.origins = std::move(config->origins);
  options.redis_key_prefix = std::move(config->redis_key_prefix);
  options.allow_plaintext = config->allow_plaintext;
  options.database_connections_max = config->database_connections;
  options.access_log = config->access_log;
  options.shutdown_timeout = config->shutdown_timeout;
  auth_service::AuthService service(std::move(options), logger);
  const auto started = service.start([] { return wait_for_signal(std::chrono::milliseconds(0)); });
  if (!started) {
    std::fprintf(stderr, "sallyport: cannot start: %s\n", started.error().detail.c_str());
    return 1;
  }
  serve(service, config->drain);
  return 0;
}

}  // namespace sallyport::app
