#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/denylist/denylist.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/runtime/task_scope.hpp"
#include "sallyport/storage/redis_client.hpp"

namespace sallyport::api_gateway {

enum class SessionState : std::uint8_t {
  Open,
  Ended,    ///< its tokens are refused
  Unknown,  ///< Redis did not say
};

/// A question about one session that is under way. Shared by who asks and what waits for the reply, so that a request
/// may end without it. Lives on one event loop.
class SessionQuestion final {
 public:
  explicit SessionQuestion(runtime::Executor executor) : executor_(executor) {}

  /// nullopt: no answer yet.
  std::optional<SessionState> answer() const noexcept { return answer_; }
  /// Waits for the answer, which comes within the time that Redis has for a command. One waiter at a time. Cancellation
  /// leaves the question as it is.
  runtime::Task<SessionState> wait();
  void settle(SessionState answer) noexcept;

 private:
  runtime::Executor executor_;
  std::optional<SessionState> answer_;
  std::optional<runtime::Timer> settled_;  ///< made only when somebody has to wait
};

/// Asks whether the session of an access token has ended: in this process, and in Redis where the auth service writes
/// it down (denylist::key_of). One for each event loop.
class SessionCheck final {
 public:
  /// All references outlive it, and `tasks` is joined before it goes.
  struct Parts {
    const denylist::MemoryDenylist* local;  ///< of a process that runs the auth service too; may be null
    storage::RedisClient* redis;            ///< null: what this process knows is all there is
    std::string key_prefix;
    runtime::Executor executor;
    runtime::TaskScope& tasks;
    const Clock& clock;
    log::Logger& logger;
  };
  explicit SessionCheck(Parts parts) : parts_(std::move(parts)), outages_(parts_.logger) {}

  /// Whether an answer beyond this process has to be waited for.
  bool remote() const noexcept { return parts_.redis != nullptr; }
  bool ended_here(std::string_view session) const {
    return parts_.local != nullptr && parts_.local->denied(session, parts_.clock.now());
  }
  /// Asks Redis. The command shares a write with whatever else is sent to it in this turn of the event loop. With
  /// remote() only.
  std::shared_ptr<SessionQuestion> ask(std::string_view session);

 private:
  runtime::Task<> ask_redis(std::string key, std::shared_ptr<SessionQuestion> question);

  Parts parts_;
  denylist::OutageLog outages_;
};

}  // namespace sallyport::api_gateway
