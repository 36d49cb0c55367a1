#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/error.hpp"
#include "sallyport/net/http/chunk_decoder.hpp"
#include "sallyport/net/http/message.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::net {

class Connection;
struct RequestSlot;

/// The body of the request at hand: decoded, limited, and pulled. Errors: BodyTooLarge, MalformedRequest (framing),
/// RequestTimeout (too slow, or the client has gone). After an error the connection closes.
class RequestBody final {
 public:
  RequestBody(Connection& connection, RequestSlot& slot) noexcept;

  http::Framing framing() const noexcept { return framing_; }
  bool has_body() const noexcept { return framing_ != http::Framing::None; }
  /// Most bytes that are accepted, decoded. BodyTooLarge at once when a longer one is announced.
  Result<void> set_limit(std::uint64_t bytes) noexcept;

  /// Gathers the body until it is complete or `bytes` are here. Without suspension when it is all here already.
  runtime::Task<Result<void>> prefetch(std::size_t bytes);
  /// Like prefetch, for what has arrived already: true when that is all.
  bool complete_without_waiting();
  std::span<const char> prefetched() const noexcept;
  bool complete() const noexcept { return complete_; }  ///< the last byte has been taken from the wire
  /// After what was prefetched: the next bytes, valid until the next call; empty at the end.
  runtime::Task<Result<std::span<const char>>> next();

  /// Makes a next() that waits fail; no more can be read.
  void cancel() noexcept;

  std::uint64_t bytes_received() const noexcept { return received_; }
  /// Bytes behind the complete body that came with its last read: the start of the next request.
  std::span<const char> leftover() const noexcept { return complete_ ? streamed_ : std::span<const char>{}; }

 private:
  friend class Connection;
  Result<std::span<const char>> take_buffered();
  Result<std::span<const char>> decode(std::span<const char> input, std::size_t& consumed);
  runtime::Task<Result<void>> fill();

  Connection& connection_;
  RequestSlot& slot_;
  http::Framing framing_ = http::Framing::None;
  std::uint64_t remaining_ = 0;  ///< with Framing::Length
  std::uint64_t limit_ = UINT64_MAX;
  std::uint64_t received_ = 0;
  SteadyTime wait_started_{};           ///< of the wait for bytes that goes on
  std::chrono::nanoseconds waited_{0};  ///< for bytes, before that
  http::ChunkDecoder chunks_;
  std::string gathered_;
  std::span<const char> in_place_;
  std::span<const char> streamed_;  ///< unread part of the stream buffer
  bool complete_ = true;
  bool continue_pending_ = false;
  bool cancelled_ = false;
};

}  // namespace sallyport::net
