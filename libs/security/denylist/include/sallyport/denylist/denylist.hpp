#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/deadline.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/denylist/memory_denylist.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/storage/redis_client.hpp"

namespace sallyport::denylist {

/// The name that all services know an ended session by in Redis: `<prefix>deny:{<sid>}`. session: the `sid` of its
/// tokens.
std::string key_of(std::string_view prefix, std::string_view session);

/// Ended sessions, in this process and, when there is one, in Redis for all services. One for each event loop.
class Denylist final {
 public:
  /// All references outlive the list.
  struct Parts {
    MemoryDenylist& local;
    storage::RedisClient* redis;  ///< nullptr: without
    std::string key_prefix;
    runtime::Executor executor;
    const Clock& clock;
    log::Logger& logger;
    metrics::Shard& shard;
    metrics::CounterId unchecked;  ///< counts questions that Redis did not answer
  };
  explicit Denylist(Parts parts) : parts_(std::move(parts)) {}

  /// Denies the sessions for `keep`, which is longer than any access token lives. ServiceUnavailable when Redis did not
  /// take all of them; this process denies them even so. Cancellation leaves unknown which ones Redis has.
  runtime::Task<Result<void>> deny(std::vector<std::string> sessions, std::chrono::seconds keep, Deadline deadline);

  /// Whether tokens of the session are refused. Fails open when Redis does not answer, counted and logged: a token is
  /// then good until it expires, unless this process has ended its session itself.
  runtime::Task<bool> denied(std::string session);

 private:
  runtime::Task<> write(std::string session, std::chrono::seconds keep, bool* failed);

  Parts parts_;
  bool failing_ = false;  ///< begin and end of an outage are logged, not every request of it
};

}  // namespace sallyport::denylist
