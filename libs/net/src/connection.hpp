#pragma once

#include <array>
#include <memory>
#include <string>

#include "sallyport/core/deadline.hpp"
#include "sallyport/net/http/request_head_parser.hpp"
#include "sallyport/net/request_body.hpp"
#include "sallyport/net/server.hpp"

namespace sallyport::net {

inline constexpr std::size_t kInputBytes = 16384;     ///< leased for every request
inline constexpr std::size_t kInputBytesMax = 49152;  ///< room for the largest head that the guard lets through
inline constexpr std::size_t kStreamBytes = 65536;    ///< leased for bodies that stream
inline constexpr std::size_t kDrainBytesMax = 65536;  ///< rest of a body that is read away to keep a connection
inline constexpr std::chrono::seconds kLingerTime{2};
inline constexpr std::size_t kHeldSlotsMax = 128;           ///< connections of one server that wait with a slot in hand
inline constexpr std::chrono::milliseconds kHoldTime{400};  ///< and for how long at most, give or take a tick

/// What a request needs while it is worked on; leased, so that an idle connection is only a socket and a coroutine.
struct RequestSlot {
  explicit RequestSlot(std::unique_ptr<Exchange> fresh)
      : input(std::make_unique_for_overwrite<char[]>(kInputBytes)), exchange(std::move(fresh)) {}

  std::span<const char> unread() const noexcept { return {input.get() + begin, end - begin}; }

  std::unique_ptr<char[]> input;
  std::size_t capacity = kInputBytes;
  std::size_t begin = 0, end = 0;  ///< received and not used yet
  http::RequestHeadParser parser;
  std::unique_ptr<Exchange> exchange;
  std::string out;            ///< the head being written
  BufferPool::Buffer stream;  ///< while a body streams in
};

/// One client connection: reads heads, serves requests one after the other, keeps its deadlines. Its coroutine owns it.
class Connection final : public SweepEntry {
 public:
  Connection(Server& server, runtime::TcpSocket socket, const IpAddress& peer) noexcept;
  ~Connection() override;

  /// The whole life of a connection.
  static runtime::Task<> run(std::unique_ptr<Connection> self);
  void sweep(SteadyTime now) noexcept override;

 private:
  friend class RequestBody;
  /// What is read, or not; writing goes on beside it.
  enum class Phase : std::uint8_t { Idle, Head, Work, Body, Linger };
  enum class HeadState : std::uint8_t { Complete, NeedMore, Refused, Gone };

  HeadState try_head(RequestSlot& slot);
  runtime::Task<HeadState> wait_for_head(RequestSlot& slot);
  bool make_room(RequestSlot& slot);
  /// Serves what has arrived; true when the connection may wait for the next request.
  runtime::Task<bool> serve(RequestSlot& slot);
  runtime::Task<std::unique_ptr<RequestSlot>> wait_holding();
  std::unique_ptr<RequestSlot> read_waiting();
  runtime::Task<> refuse_head(RequestSlot& slot, HeadState state);
  runtime::Task<bool> answer(RequestSlot& slot, Response response);
  SteadyTime::duration age_max() const noexcept;
  bool may_keep(const Exchange& exchange, const Response& response) const noexcept;
  void compose_head(RequestSlot& slot, Response& response, bool keep, bool chunked, bool bodiless);
  runtime::Task<bool> relay(BodySource& source, bool chunked, std::optional<std::uint64_t> length);
  runtime::Task<bool> drain_body(RequestBody& body);
  runtime::Task<> linger();

  /// Reads once, with `phase`'s deadline already set. 0: closed, failed or timed out.
  runtime::Task<std::size_t> read_some(std::span<char> into);
  /// One write of up to three pieces; what was taken is removed from their fronts.
  using Pieces = std::array<std::string_view, 3>;
  enum class Wrote : std::uint8_t { All, Some, Failed };
  Wrote write_now(Pieces& pieces) noexcept;
  /// The rest after write_now() has taken Some. false: failed or timed out.
  runtime::Task<bool> write_rest(Pieces pieces);

  void enter(Phase phase, SteadyTime deadline) noexcept {
    phase_ = phase;
    deadline_ = deadline;
    timed_out_ = false;
  }
  bool client_has_left() noexcept;
  void reset_connection() noexcept;  ///< RST: the client must not take a cut answer for a whole one

  Server& server_;
  runtime::TcpSocket socket_;
  IpAddress peer_;
  SteadyTime opened_;
  SteadyTime idle_since_{};
  SteadyTime deadline_ = SteadyTime::max();        ///< of the phase
  SteadyTime write_deadline_ = SteadyTime::max();  ///< while a write waits; apart, as an upload may go on meanwhile
  Exchange* exchange_ = nullptr;                   ///< while one is worked on
  std::uint64_t bytes_out_ = 0;
  std::uint32_t requests_ = 0;
  Phase phase_ = Phase::Idle;
  bool timed_out_ = false;
  bool holds_slot_ = false;
  bool let_go_ = false;  ///< asked by sweep() to wait without a slot
  bool lingering_ = false;
  bool ended_ = false;  ///< closed, failed or timed out while it waited for a request
};

}  // namespace sallyport::net
