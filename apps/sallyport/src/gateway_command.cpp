#include <cstdio>

#include <unistd.h>

#include "commands.hpp"
#include "environment.hpp"
#include "load.hpp"
#include "sallyport/api_gateway/gateway.hpp"

namespace sallyport::app {

int run_gateway(const GatewayArguments& arguments) {
  const auto config = load_config_file(arguments.config_file, api_gateway::ConfigMode::Production, {});
  if (!config) return 1;
  const std::string variable = "SALLYPORT_REDIS_URL";
  const auto text = environment_secret(variable);
  if (!text) {
    std::fprintf(stderr, "sallyport: %s\n", text.error().c_str());
    return 1;
  }
  if (!*text || (*text)->empty()) {
    std::fprintf(stderr, "sallyport: %s is not set; a gateway counts in Redis, for example redis://127.0.0.1:6379\n",
                 variable.c_str());
    return 1;
  }
  const auto redis = usable_redis_url(variable, (*text)->expose(), config->allow_plaintext);
  if (!redis) return 1;

  std::vector<Secret<std::string>> secrets;
  if (!redis->password.empty()) secrets.push_back(redis->password);
  log::Logger logger({.level = config->log_level}, log::Redactor(std::move(secrets)));
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
