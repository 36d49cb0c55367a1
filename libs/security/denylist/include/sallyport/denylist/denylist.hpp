#pragma once

#include <array>
#include <chrono>
#include <optional>
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

/// The command that asks Redis about a key of key_of(); views into it.
std::array<std::string_view, 2> question(std::string_view key) noexcept;
/// Whether the session has ended, by Redis's reply to question(); nullopt: Redis did not say.
std::optional<bool> ended(const storage::RedisResult<storage::RedisReply>& reply) noexcept;

/// How much longer than an access token lives its session is denied.
inline constexpr std::chrono::seconds kMargin{60};

/// Writes begin and end of an outage to the log, not every request of it: denylist_unchecked, denylist_checked_again.
class OutageLog final {
 public:
  explicit OutageLog(log::Logger& logger) : logger_(logger) {}
  void note(bool answered);

 private:
  log::Logger& logger_;
  bool failing_ = false;
};

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
  explicit Denylist(Parts parts) : parts_(std::move(parts)), outages_(parts_.logger) {}

  /// Denies the sessions for `keep`, which is longer than any access token lives. ServiceUnavailable when Redis did not
  /// take all of them; this process denies them even so. Cancellation leaves unknown which ones Redis has.
  runtime::Task<Result<void>> deny(std::vector<std::string> sessions, std::chrono::seconds keep, Deadline deadline);

  /// Whether tokens of the session are refused; nullopt, counted and logged: Redis did not say, and this process has
  /// not ended the session itself. Who then lets a token pass takes it for good until it expires.
  runtime::Task<std::optional<bool>> denied(std::string session);

 private:
  runtime::Task<> write(std::string session, std::chrono::seconds keep, bool* failed);

  Parts parts_;
  OutageLog outages_;
};

}  // namespace sallyport::denylist
