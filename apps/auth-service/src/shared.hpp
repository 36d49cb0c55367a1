#pragma once

#include <memory>
#include <string>

#include "metrics.hpp"
#include "sallyport/accounts/sql_repository.hpp"
#include "sallyport/accounts/token_adapters.hpp"
#include "sallyport/auth_service/auth_service.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/lockout/device_cookie.hpp"
#include "sallyport/lockout/lockout_metrics.hpp"
#include "sallyport/lockout/memory_lockout_store.hpp"
#include "sallyport/passwords/password_hasher.hpp"
#include "sallyport/passwords/password_policy.hpp"
#include "sallyport/service/contract.hpp"
#include "sallyport/storage/sql/pool.hpp"
#include "sallyport/tokens/access_token_issuer.hpp"
#include "sallyport/tokens/key_set.hpp"

namespace sallyport::auth_service {

/// What all event loops share. Everything in it is immutable or thread-safe, and outlives them.
struct Shared {
  Shared(AuthServiceOptions settings, log::Logger& log);

  const AuthServiceOptions options;
  log::Logger& logger;
  SystemClock clock;
  crypto::SecureRandom random;
  const service::Contract contract{"auth"};
  const tokens::AccessTokenIssuer issuer;
  const std::string jwks;
  const accounts::RingRefreshTokenMint mint;
  const accounts::JwtAccessTokenSigner signer;
  const passwords::PasswordPolicy policy;
  passwords::PasswordHasher hasher;
  const lockout::DeviceCookies device_cookies;
  metrics::Registry registry;
  const lockout::LockoutMetrics lockout_metrics;
  const AuthMetrics metrics;
  const std::shared_ptr<lockout::MemoryLockoutStore> lockout_memory;
  storage::SqlPool pool;
  accounts::SqlAccountRepository repository;
};

}  // namespace sallyport::auth_service
