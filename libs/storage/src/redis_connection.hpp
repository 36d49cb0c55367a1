#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "redis_pipeline.hpp"
#include "redis_reply_reader.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/storage/redis_client.hpp"

namespace sallyport::storage {

using WaiterHandler = asio::async_result<asio::use_awaitable_t<runtime::Executor>, void()>::handler_type;

/// A coroutine that waits for a reply. Lives in the coroutine's frame, which only the handler's call or destruction
/// ends.
struct Waiter {
  std::string_view encoded;                   ///< the command: either this,
  std::span<const std::string_view> words;    ///< or these
  RedisClient::Integers* integers = nullptr;  ///< where the reply goes: here,
  RedisReply* reply = nullptr;                ///< or here
  std::optional<RedisError> error;

  std::optional<WaiterHandler> handler;
  std::uint64_t slot = 0;
  bool completed = false;
  Waiter* next_ready = nullptr;
};

/// Why a connection could not be made. Fatal: trying again with the same settings cannot help.
struct ConnectFailure {
  RedisError error;
  bool fatal = false;
};

/// One connection's life: open, exchange, closed; it does not come back. Handlers of its own operations share its
/// ownership, so that none of them can outlive it; RedisClient and the handlers of one event loop are its only users.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(runtime::Executor executor, const RedisOptions& options, const Clock& clock,
             std::shared_ptr<RedisClient::Statistics> statistics);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Connects, verifies, logs in, and starts to exchange. nullopt: it is open.
  runtime::Task<std::optional<ConnectFailure>> open(asio::ssl::context* tls, Deadline deadline);

  bool is_open() const noexcept { return established_ && !closed_; }
  /// Waits until the connection is closed.
  runtime::Task<> wait_closed();
  const std::string& close_reason() const noexcept { return close_reason_; }

  /// Fails everything in flight: with NotSent what certainly was not written, with `kind` the rest.
  void close(RedisErrorKind kind, std::string_view reason);
  /// close(), and the waiters are resumed from the event loop.
  void close_later(RedisErrorKind kind, std::string_view reason);

  /// Whether a command of so many bytes can be queued now; else why not.
  std::optional<RedisError> refusal(std::size_t bytes) const;
  /// Queues the waiter's command and waits for its reply; only after refusal() had nothing to say.
  runtime::Task<> exchange(Waiter& waiter);

 private:
  using Socket = asio::basic_stream_socket<asio::generic::stream_protocol, runtime::Executor>;
  using TlsStream = asio::ssl::stream<Socket&>;
  class Resolution;

  // redis_handshake.cpp
  runtime::Task<std::optional<ConnectFailure>> connect_transport(asio::ssl::context* tls);
  void abandon_resolution();
  runtime::Task<ErrorCodeSys> connect_tcp();
  runtime::Task<ErrorCodeSys> connect_unix();
  runtime::Task<std::optional<ConnectFailure>> shake_tls(asio::ssl::context& tls);
  runtime::Task<std::optional<ConnectFailure>> log_in();
  runtime::Task<std::optional<ConnectFailure>> read_handshake_reply(std::string_view command);
  std::string_view what_is_missing();
  ConnectFailure failure(RedisErrorKind kind, std::string_view what, bool fatal = false) const;

  void start_exchange();
  void begin_wait(Waiter& waiter, WaiterHandler handler);
  void cancel_wait(Waiter& waiter);
  void complete(Waiter& waiter, std::optional<RedisError> error);
  void resume_completed();

  void schedule_flush();
  void flush();
  void write_plain();
  void write_tls();
  void start_read();
  void on_read(const ErrorCodeSys& error, std::size_t bytes);
  void match_replies();
  void deliver(Waiter& waiter, RedisResult<RedisReply> reply);

  void arm_timer(SteadyTime now);
  void on_timer();
  std::chrono::milliseconds silence_max() const noexcept { return 3 * options_.command_timeout; }

  runtime::Executor executor_;
  const RedisOptions& options_;  ///< of the client; not read once closed
  const Clock& clock_;
  std::shared_ptr<RedisClient::Statistics> statistics_;
  std::shared_ptr<Resolution> resolution_;

  Socket socket_;
  std::optional<TlsStream> tls_;
  bool connected_ = false;    ///< the transport below TLS
  bool established_ = false;  ///< logged in
  bool closed_ = false;
  std::string close_reason_;
  runtime::Timer closed_event_;

  // Output. Offsets count the bytes of the connection's whole stream.
  std::string out_;  ///< not yet handed to the transport, after out_head_
  std::size_t out_head_ = 0;
  std::string tls_out_;           ///< what the TLS stream is writing
  std::uint64_t maybe_sent_ = 0;  ///< bytes before this offset may have left
  bool flush_posted_ = false;
  bool writing_ = false;

  // Input.
  ReplyReader reader_;
  Pipeline pipeline_;
  RedisClient::Integers nobody_;  ///< where replies go that nobody waits for
  SteadyTime quiet_since_{};      ///< last sign of life, or when the oldest command was sent if that is later

  // One timer: first for the time to connect, then for the oldest command.
  runtime::Timer timer_;
  SteadyTime armed_for_ = SteadyTime::max();

  Waiter* ready_head_ = nullptr;  ///< completed, not yet resumed
  Waiter* ready_tail_ = nullptr;
  bool resuming_ = false;
};

}  // namespace sallyport::storage
