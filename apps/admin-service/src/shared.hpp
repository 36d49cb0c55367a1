#pragma once

#include <memory>

#include "known_limits.hpp"
#include "sallyport/accounts/absent_parts.hpp"
#include "sallyport/accounts/sql_repository.hpp"
#include "sallyport/admin_service/admin_service.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/cursors/cursors.hpp"
#include "sallyport/lockout/lockout_metrics.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/rate_limit/memory_store.hpp"
#include "sallyport/service/contract.hpp"
#include "sallyport/storage/sql/pool.hpp"

namespace sallyport::admin_service {

/// What all event loops share. Everything in it is immutable or thread-safe, and outlives them.
struct Shared {
  Shared(AdminServiceOptions settings, log::Logger& log);

  const AdminServiceOptions options;
  log::Logger& logger;
  SystemClock clock;
  crypto::SecureRandom random;
  const service::Contract contract{"admin"};
  const cursors::Cursors cursors;
  const accounts::NoRefreshTokens mint;
  const accounts::NoAccessTokens signer;
  metrics::Registry registry;
  const lockout::LockoutMetrics lockout_metrics;
  const std::shared_ptr<lockout::MemoryLockoutStore> lockout_memory;
  const std::shared_ptr<rate_limit::MemoryStore> counters;
  KnownLimits limits;
  storage::SqlPool pool;
  accounts::SqlAccountRepository repository;
};

}  // namespace sallyport::admin_service
