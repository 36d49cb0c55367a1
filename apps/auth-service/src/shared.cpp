#include "shared.hpp"

#include "sallyport/tokens/jwks.hpp"

namespace sallyport::auth_service {
namespace {

storage::SqlPoolOptions pool_options(const AuthServiceOptions& settings) {
  storage::SqlPoolOptions options;
  options.url = settings.database;
  options.connections_max = settings.database_connections_max;
  options.limits.allow_plaintext = settings.allow_plaintext;
  options.statement_log = settings.statement_log;
  return options;
}

}  // namespace

Shared::Shared(AuthServiceOptions settings, log::Logger& log)
    : options(std::move(settings)),
      logger(log),
      issuer(options.secrets.access_token_keys, {options.issuer, options.audience, options.access_ttl}),
      jwks(tokens::render_jwks(options.secrets.access_token_keys)),
      mint(options.secrets.refresh_token_keys, random),
      signer(issuer, clock, random),
      hasher(options.hashing, clock),
      device_cookies(options.secrets.device_cookie_keys),
      lockout_metrics(registry),
      metrics(registry),
      lockout_memory(options.lockout ? options.lockout : std::make_shared<lockout::MemoryLockoutStore>(clock)),
      pool(pool_options(options), clock),
      repository({pool, options.database.dialect, mint, signer, clock, random, logger}, options.lifetimes) {
  registry.counter_from("auth_password_hashes_total", "Argon2 computations.", {},
                        [this] { return static_cast<double>(hasher.counts().work()); });
  registry.counter_from("auth_password_hashes_refused_total", "Argon2 computations that there was no time for.", {},
                        [this] { return static_cast<double>(hasher.counts().overloaded); });
  registry.gauge("auth_password_hashes_waiting", "Argon2 computations that wait for a thread.", {},
                 [this] { return static_cast<double>(hasher.queued()); });
}

}  // namespace sallyport::auth_service
