#pragma once

#include <chrono>
#include <string>

#include "sallyport/accounts/ports.hpp"
#include "sallyport/auth_service/memory_denylist.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/storage/redis_client.hpp"

namespace sallyport::auth_service {

/// Ended sessions, in this process and, when there is one, in Redis as `<prefix>deny:{<sid>}` for all services. An
/// entry lives for `keep`, which is longer than any access token. One for each event loop.
class Denylist final : public accounts::SessionDenylist {
 public:
  /// redis: nullptr without. All references outlive it. unchecked: counts questions that Redis did not answer.
  Denylist(MemoryDenylist& local, storage::RedisClient* redis, std::string key_prefix, std::chrono::seconds keep,
           runtime::Executor executor, const Clock& clock, log::Logger& logger, metrics::Shard& shard,
           metrics::CounterId unchecked)
      : local_(local),
        redis_(redis),
        key_prefix_(std::move(key_prefix)),
        keep_(keep),
        executor_(executor),
        clock_(clock),
        logger_(logger),
        shard_(shard),
        unchecked_(unchecked) {}

  /// ServiceUnavailable when Redis did not take all of them; this process denies them even so. Cancellation leaves
  /// unknown which ones Redis has.
  runtime::Task<Result<void>> deny(std::vector<accounts::SessionId> sessions, Deadline deadline) override;

  /// Whether tokens of the session are refused. Fails open when Redis does not answer, counted and logged: a token is
  /// then good until it expires, unless this process has ended its session itself.
  runtime::Task<bool> denied(accounts::SessionId session);

 private:
  runtime::Task<> write(std::string session, bool* failed);
  std::string key_of(std::string_view session) const;

  MemoryDenylist& local_;
  storage::RedisClient* redis_;
  const std::string key_prefix_;
  const std::chrono::seconds keep_;
  runtime::Executor executor_;
  const Clock& clock_;
  log::Logger& logger_;
  metrics::Shard& shard_;
  metrics::CounterId unchecked_;
  bool failing_ = false;  ///< begin and end of an outage are logged, not every request of it
};

}  // namespace sallyport::auth_service
