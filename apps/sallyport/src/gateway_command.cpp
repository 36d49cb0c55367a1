#include <cstdio>

#include "commands.hpp"
#include "load.hpp"
#include "sallyport/api_gateway/gateway.hpp"
#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/service_secrets.hpp"

namespace sallyport::app {

int run_gateway(const GatewayArguments& arguments) {
  const auto config = load_config_file(arguments.config_file, api_gateway::ConfigMode::Production, {});
  if (!config) return 1;
  auto loaded = secrets::load_gateway_secrets(secrets::ProcessEnvironment());
  for (const auto& warning : loaded.warnings)
    std::fprintf(stderr, "sallyport: warning: %s\n", text_of(warning).c_str());
  for (const auto& problem : loaded.problems) std::fprintf(stderr, "sallyport: %s\n", text_of(problem).c_str());
  if (!loaded.secrets) return 1;
  const auto redis =
      usable_redis_url("SALLYPORT_REDIS_URL", loaded.secrets->redis_url.expose(), config->allow_plaintext);
  if (!redis) return 1;

  log::Logger logger({.level = config->log_level}, log::Redactor(loaded.secrets->known_values()));
  api_gateway::Gateway::Options options;
  options.redis = *redis;
  options.on_listening = [](const std::vector<std::string>& urls) {
    for (const std::string& url : urls) std::printf("listening on %s\n", url.c_str());
    std::fflush(stdout);
  };
  api_gateway::Gateway gateway(*config, logger, std::move(options));
  std::string error;
  const int code = gateway.run(error);
  if (code != 0) std::fprintf(stderr, "sallyport: cannot start: %s\n", error.c_str());
  return code;
}

}  // namespace sallyport::app
