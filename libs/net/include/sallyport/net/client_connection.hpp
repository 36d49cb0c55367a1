#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "sallyport/core/deadline.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/net/buffer.hpp"
#include "sallyport/net/exchange.hpp"
#include "sallyport/net/http/chunk_decoder.hpp"
#include "sallyport/net/http/response_head_parser.hpp"
#include "sallyport/net/sweeper.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::net {

class ClientTls;
class TlsStream;

/// One connection to a server, used for one exchange at a time: send a head and a body, read a head and a body.
/// Every failure is an Error with origin Upstream: BadGateway, or GatewayTimeout when the deadline passed. After any
/// failure, an abort or a cancellation the connection must be dropped.
class ClientConnection final : public SweepEntry, public Abortable {
 public:
  ClientConnection(runtime::Executor executor, Sweeper& sweeper, BufferPool& buffers);
  ~ClientConnection() override;

  runtime::Task<Result<void>> connect(const asio::ip::tcp::endpoint& endpoint, Deadline deadline);
  /// The same with TLS above: the deadline covers both. The detail of a BadGateway says what did not verify.
  runtime::Task<Result<void>> connect(const asio::ip::tcp::endpoint& endpoint, const ClientTls& tls, Deadline deadline);

  /// All waits until the next call of this end at `deadline`, noticed within one tick of the sweeper. Time in which
  /// nobody waits does not count.
  void set_deadline(Deadline deadline) noexcept { deadline_ = deadline.at(); }

  /// Starts an exchange and writes as much as the socket takes now. true: all of it.
  Result<bool> send_now(std::string_view head, std::string_view body, std::string_view tail);
  /// Writes the rest after send_now() took some; also for the pieces of a streamed body.
  runtime::Task<Result<void>> send_rest();
  runtime::Task<Result<void>> send(std::string_view before, std::string_view bytes, std::string_view after);

  /// A streamed body is under way and has not reached its end: the connection cannot be used again until it has.
  void set_body_unsent(bool unsent) noexcept { body_unsent_ = unsent; }

  /// Reads the final answer's head; interim ones (1xx) are skipped, 101 is an error. Views into this connection's
  /// buffer, valid until the first call of next_body().
  runtime::Task<Result<void>> read_head(http::Method method, http::ResponseHead& head);

  /// Bytes of the body that have arrived already, when the whole body is here and not chunked.
  std::optional<std::string_view> whole_body() const noexcept;
  void take_whole_body() noexcept;
  /// Decoded bytes, valid until the next call; empty at the end.
  runtime::Task<Result<std::span<const char>>> next_body();

  /// May serve another exchange: the answer was read to its end, nothing came behind it, nobody said close.
  bool reusable() const noexcept;
  /// Gives the buffer back; to be called when the connection goes to rest.
  void rest(SteadyTime now) noexcept;
  /// The peer has closed or sent something unasked while the connection rested.
  bool stale() noexcept;
  SteadyTime rested_since() const noexcept { return rested_since_; }
  std::chrono::milliseconds keep_alive_hint() const noexcept { return keep_alive_hint_; }
  bool used_before() const noexcept { return exchanges_ > 1; }

  std::uint64_t bytes_sent() const noexcept { return sent_; }          ///< of this exchange
  std::uint64_t bytes_received() const noexcept { return received_; }  ///< of this exchange

  void abort() noexcept override;
  void sweep(SteadyTime now) noexcept override;

 private:
  std::unexpected<Error> failure(std::string_view doing, const ErrorCodeSys& ec) const;
  std::unexpected<Error> failure(std::string_view doing, std::string_view why) const;
  Result<bool> write_unsent();
  runtime::Task<Result<void>> fill();
  runtime::Task<Result<void>> shake_hands();
  runtime::Task<Result<void>> fill_plain();
  runtime::Task<Result<void>> fill_tls();
  Result<bool> write_unsent_tls();
  bool take_unsent(std::size_t bytes) noexcept;
  bool make_room();
  void enlarge();

  runtime::TcpSocket socket_;
  std::unique_ptr<TlsStream> tls_;  ///< null: plain
  BufferPool& buffers_;
  BufferPool::Buffer buffer_;
  std::unique_ptr<char[]> large_;  ///< instead of buffer_ for a head that does not fit it
  char* data_ = nullptr;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
  std::array<std::string_view, 3> unsent_;
  http::ResponseHeadParser parser_;
  http::ChunkDecoder chunks_;
  http::Method method_ = http::Method::Get;
  http::Framing framing_ = http::Framing::None;
  std::uint64_t remaining_ = 0;
  std::uint64_t sent_ = 0, received_ = 0, exchanges_ = 0;
  SteadyTime deadline_ = SteadyTime::max();
  SteadyTime rested_since_{};
  std::chrono::milliseconds keep_alive_hint_{0};
  bool keep_alive_ = false, body_done_ = false, body_unsent_ = false;
  bool timed_out_ = false, aborted_ = false, eof_ = false;
  int waiting_ = 0;  ///< operations under way; two while a body goes up and an answer comes down
};

}  // namespace sallyport::net
