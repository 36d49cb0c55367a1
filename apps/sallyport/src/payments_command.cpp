#include "payments_command.hpp"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "load.hpp"
#include "sallyport/payments_service/payments_service.hpp"
#include "service_command.hpp"

namespace sallyport::app {
namespace {

std::optional<payments::ProcessorUrl> usable_processor_url(std::string_view text, bool allow_plaintext) {
  auto url = payments::ProcessorUrl::parse(text);
  if (!url) {
    std::fprintf(stderr, "sallyport: SALLYPORT_PROCESSOR_URL: %s\n", url.error().detail.c_str());
    return std::nullopt;
  }
  const auto host = IpAddress::parse(url->host);
  const auto holds = [&](const Cidr& block) { return host && block.contains(*host); };
  if (allow_plaintext || std::ranges::any_of(service::loopback_blocks(), holds)) return *std::move(url);
  std::fprintf(
      stderr,
      "sallyport: SALLYPORT_PROCESSOR_URL: http:// to %s would send payments and the key in the clear; put a TLS "
      "proxy on this machine, or set allow_plaintext: true\n",
      url->authority.c_str());
  return std::nullopt;
}

}  // namespace

int run_payments(const PaymentsArguments& arguments) {
  auto config = load_service_config(arguments.config_file, payments_service::load_payments_config);
  // Even without a usable file: everything that is wrong is told at once.
  auto secrets = load_service_secrets([](const auto& from) { return secrets::load_payments_secrets(from); });
  if (!config || !secrets) return 1;
  const service::CommonSettings& common = config->common;
  auto redis = usable_redis_url("SALLYPORT_REDIS_URL", secrets->redis_url.expose(), common.allow_plaintext);
  auto database = usable_database_url("SALLYPORT_DATABASE_URL", secrets->database_url.expose(), common.allow_plaintext);
  auto processor = usable_processor_url(secrets->processor_url.expose(), common.allow_plaintext);
  if (!redis || !database || !processor) return 1;

  const auto drain = common.drain;
  log::Logger logger({.level = common.log_level}, log::Redactor(secrets->known_values()));
  payments_service::PaymentsServiceOptions options{.secrets = *std::move(secrets),
                                                   .database = *std::move(database),
                                                   .processor = *std::move(processor),
                                                   .config = *std::move(config)};
  options.redis = *std::move(redis);
  payments_service::PaymentsService payments(std::move(options), logger);
  return run_service(payments, drain);
}

}  // namespace sallyport::app
