#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/storage/redis_url.hpp"

namespace sallyport::storage {

/// What went wrong with a command. The difference that matters to a caller: NotSent means that Redis did nothing.
enum class RedisErrorKind : std::uint8_t {
  NotSent,     ///< no connection, or the queue is full: Redis never saw the command
  Timeout,     ///< sent, no reply in time: it may have been carried out; never retry what is not idempotent
  Disconnect,  ///< sent, connection lost before the reply: may have been carried out
  Protocol,    ///< the peer does not speak RESP
  Reply,       ///< an error reply; `message` starts with its code (NOSCRIPT, READONLY, LOADING, OOM, WRONGTYPE, …)
};

struct RedisError {
  RedisErrorKind kind;
  std::string message;  ///< never contains credentials
  bool is(std::string_view code) const noexcept { return kind == RedisErrorKind::Reply && message.starts_with(code); }
};

/// A reply without the error case. Arrays nest.
struct RedisReply {
  std::variant<std::monostate, std::int64_t, std::string, std::vector<RedisReply>> value;
  bool is_nil() const noexcept { return value.index() == 0; }
};

template <class T>
using RedisResult = std::expected<T, RedisError>;

struct RedisOptions {
  RedisUrl url;
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds command_timeout{50};  ///< from the call to the reply
  std::chrono::milliseconds reconnect_min{50};    ///< backoff with full jitter, doubling
  std::chrono::milliseconds reconnect_max{2000};
  std::size_t in_flight_max = 16384;  ///< commands queued or unanswered; more are NotSent at once
};

/// One pipelined connection to one Redis server, for one event loop: commands of all coroutines share it, writes of one
/// turn of the loop are coalesced into one, replies are matched in order. It reconnects by itself until stopped.
/// Not thread-safe; each I/O thread has its own, made by the composition.
class RedisClient final {
 public:
  RedisClient(runtime::Executor executor, RedisOptions options, const Clock& clock, Random& random,
              log::Logger& logger);
  ~RedisClient();
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  /// Connects, authenticates, selects the database, and keeps at it with backoff until `deadline`.
  /// Wrong credentials, a refused database and a TLS certificate that does not verify fail at once. No error names the
  /// endpoint: the caller knows it.
  /// Call once, before the first command.
  runtime::Task<RedisResult<void>> connect(Deadline deadline);

  /// Sends one command and waits for its reply, at most command_timeout. Cancellation leaves the outcome unknown.
  /// words: the command and its arguments, binary safe; they are copied before the first suspension.
  runtime::Task<RedisResult<RedisReply>> command(std::span<const std::string_view> words);

  /// The hot path: sends an already encoded RESP array (RESP2, "*N\r\n$…") and returns an array reply of integers,
  /// without allocating a reply tree. A reply of any other shape is a Protocol error. At most 32 integers.
  struct Integers {
    std::uint8_t size = 0;
    std::int64_t values[32];
  };
  runtime::Task<RedisResult<Integers>> command_for_integers(std::string_view encoded);

  bool connected() const noexcept;
  /// Drops the connection and connects anew, for example after READONLY.
  void reconnect();
  /// Fails what is in flight and ends the connection's own tasks; await before destruction.
  runtime::Task<> stop();

  struct Statistics {
    std::uint64_t commands = 0, writes = 0, reconnects = 0, timeouts = 0, late_replies = 0;
  };
  const Statistics& statistics() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::storage
