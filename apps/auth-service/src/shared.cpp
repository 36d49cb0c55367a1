#include "shared.hpp"

#include "sallyport/service/database.hpp"
#include "sallyport/tokens/jwks.hpp"

namespace sallyport::auth_service {

Shared::Shared(AuthServiceOptions settings, log::Logger& log)
    : options(std::move(settings)),
      logger(log),
      issuer(options.secrets.access_token_keys,
             {options.config.common.issuer, options.config.common.audience, options.config.access_ttl}),
      jwks(tokens::render_jwks(options.secrets.access_token_keys)),
      mint(options.secrets.refresh_token_keys, random),
      signer(issuer, clock, random),
      hasher(options.hashing, clock),
      device_cookies(options.secrets.device_cookie_keys),
      lockout_metrics(registry),
      metrics(registry),
      lockout_memory(options.lockout ? options.lockout : std::make_shared<lockout::MemoryLockoutStore>(clock)),
      pool(service::pool_options(options.database, options.config.common, options.statement_log), clock),
      repository({pool, options.database.dialect, mint, signer, clock, random, logger}, options.config.lifetimes) {
  registry.counter_from("auth_password_hashes_total", "Argon2 computations.", {},
                        [this] { return static_cast<double>(hasher.counts().work()); });
  registry.counter_from("auth_password_hashes_refused_total", "Argon2 computations that there was no time for.", {},
                        [this] { return static_cast<double>(hasher.counts().overloaded); });
  registry.gauge("auth_password_hashes_waiting", "Argon2 computations that wait for a thread.", {},
                 [this] { return static_cast<double>(hasher.queued()); });
}

}  // namespace sallyport::auth_service
