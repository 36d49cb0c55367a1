#include "connection.hpp"

#include <array>
#include <charconv>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>

#include "sallyport/net/problem.hpp"

namespace sallyport::net {

using runtime::into;
using runtime::Task;

namespace {

constexpr SteadyTime kNever = SteadyTime::max();

void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  out.append(digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, value).ptr - digits));
}

}  // namespace

Connection::Connection(Server& server, runtime::TcpSocket socket, const IpAddress& peer) noexcept
    : SweepEntry(server.sweeper_),
      server_(server),
      socket_(std::move(socket)),
      peer_(peer),
      opened_(server.clock_.now()) {
  ++server_.connections_;
}

Connection::~Connection() {
  --server_.connections_;
  server_.budget_.give_back(peer_);
}

Task<> Connection::run(std::unique_ptr<Connection> owned) {
  Connection& self = *owned;
  Server& server = self.server_;
  while (!server.stopping_) {
    const SteadyTime now = server.clock_.coarse_now();
    self.idle_since_ = now;
    self.enter(Phase::Idle, now + server.limits_.keep_alive_timeout);
    std::unique_ptr<RequestSlot> slot;
    if (server.held_slots_ < kHeldSlotsMax) {
      slot = co_await self.wait_holding();
    }
    if (!slot) {
      ErrorCodeSys ec;
      co_await self.socket_.async_wait(runtime::TcpSocket::wait_read, into(ec));
      if (ec) break;
      slot = self.read_waiting();
    }
    bool keep = slot->end == 0 && !self.ended_;  // a wake-up for nothing
    if (slot->end != 0) keep = co_await self.serve(*slot);
    server.give_back(std::move(slot));
    if (!keep) break;
  }
  if (self.lingering_) co_await self.linger();
}

/// A busy connection waits with its buffer in hand, which saves a system call a request. Only so many may, and only for
/// a moment: sweep() makes the others, and those that stay idle, wait without one, which is what null tells.
Task<std::unique_ptr<RequestSlot>> Connection::wait_holding() {
  ErrorCodeSys ec;
  auto slot = server_.lease_slot();
  ++server_.held_slots_;
  holds_slot_ = true;
  slot->end = co_await socket_.async_read_some(asio::buffer(slot->input.get(), slot->capacity), into(ec));
  --server_.held_slots_;
  holds_slot_ = false;
  if (ec == asio::error::operation_aborted && std::exchange(let_go_, false) && !timed_out_) {
    server_.give_back(std::move(slot));
  } else if (ec) {
    ended_ = true;
    slot->end = 0;
  }
  co_return slot;
}

std::unique_ptr<RequestSlot> Connection::read_waiting() {
  ErrorCodeSys ec;
  auto slot = server_.lease_slot();
  slot->end = socket_.read_some(asio::buffer(slot->input.get(), slot->capacity), ec);
  ended_ = ec && ec != asio::error::would_block;
  if (ec) slot->end = 0;
  return slot;
}

void Connection::sweep(SteadyTime now) noexcept {
  ErrorCodeSys ignored;
  if (server_.aborting_) {
    socket_.close(ignored);
    if (exchange_ != nullptr) {
      exchange_->client_gone = true;
      if (exchange_->waiting_on != nullptr) exchange_->waiting_on->abort();
    }
    return;
  }
  if (phase_ == Phase::Work && write_deadline_ == kNever) {
    if (exchange_ == nullptr || (!exchange_->client_gone && !client_has_left())) return;
    exchange_->client_gone = true;
    // Once a tick until it ends: what is waited for may be another thing by now.
    if (exchange_->waiting_on != nullptr) exchange_->waiting_on->abort();
    return;
  }
  bool expired = now >= deadline_ || now >= write_deadline_ || (phase_ == Phase::Idle && server_.stopping_);
  if (phase_ == Phase::Body) {
    const RequestBody& body = *exchange_->body;
    const auto waited = body.waited_ + (now - body.wait_started_);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(waited).count();
    expired = expired ||
              (seconds >= 5 && body.received_ < static_cast<std::uint64_t>(seconds) * server_.limits_.body_rate_min);
  }
  if (!expired) {
    if (holds_slot_ && now - idle_since_ > kHoldTime) {
      let_go_ = true;
      socket_.cancel(ignored);
    }
    return;
  }
  // An operation that has just completed cannot be cancelled any more: whoever goes on looks at the flag.
  timed_out_ = true;
  socket_.cancel(ignored);
}

/// Nobody reads from the client now, and a peek would see only what it sent before it left.
bool Connection::client_has_left() noexcept {
  pollfd socket{socket_.native_handle(), POLLRDHUP, 0};
  return ::poll(&socket, 1, 0) > 0;
}

// ---- reading heads

Connection::HeadState Connection::try_head(RequestSlot& slot) {
  switch (slot.parser.parse({slot.input.get() + slot.begin, slot.end - slot.begin}, slot.exchange->request)) {
    case http::ParseStatus::Complete:
      return HeadState::Complete;
    case http::ParseStatus::Rejected:
      return HeadState::Refused;
    case http::ParseStatus::NeedMore:
      break;
  }
  return HeadState::NeedMore;
}

bool Connection::make_room(RequestSlot& slot) {
  if (slot.end < slot.capacity) return true;
  if (slot.begin > 0) {
    std::memmove(slot.input.get(), slot.input.get() + slot.begin, slot.end - slot.begin);
    slot.end -= slot.begin;
    slot.begin = 0;
  } else if (slot.capacity < kInputBytesMax) {
    auto larger = std::make_unique_for_overwrite<char[]>(kInputBytesMax);
    std::memcpy(larger.get(), slot.input.get(), slot.end);
    slot.input = std::move(larger);
    slot.capacity = kInputBytesMax;
  } else {
    return false;
  }
  slot.parser.reset();  // its views pointed into the old place
  return true;
}

Task<Connection::HeadState> Connection::wait_for_head(RequestSlot& slot) {
  enter(Phase::Head, server_.clock_.coarse_now() + server_.limits_.head_timeout);
  for (;;) {
    if (!make_room(slot)) co_return HeadState::Gone;  // not reached: the guard's limits are smaller
    const std::size_t n = co_await read_some({slot.input.get() + slot.end, slot.capacity - slot.end});
    if (n == 0) co_return HeadState::Gone;
    slot.end += n;
    const HeadState state = try_head(slot);
    if (state != HeadState::NeedMore) co_return state;
  }
}

// ---- serving

Task<bool> Connection::serve(RequestSlot& slot) {
  Exchange& exchange = *slot.exchange;
  do {
    exchange.reset();
    exchange.peer = peer_;
    bytes_out_ = 0;
    slot.parser.reset();
    HeadState state = try_head(slot);
    if (state == HeadState::NeedMore) state = co_await wait_for_head(slot);
    exchange.started = server_.clock_.now();
    if (state == HeadState::Gone && !timed_out_) co_return false;
    if (state != HeadState::Complete) {
      co_await refuse_head(slot, state);
      co_return false;
    }
    ++requests_;
    exchange.head_valid = true;
    slot.begin += exchange.request.head_bytes;
    RequestBody body(*this, slot);
    exchange.body = &body;
    exchange_ = &exchange;
    enter(Phase::Work, kNever);
    Response response;
    try {
      auto early = server_.application_.begin(exchange);
      response = early ? std::move(*early) : co_await server_.application_.handle(exchange);
    } catch (const std::exception& failure) {
      server_.logger_.write(log::Level::Error, "request_failed", {{"what", std::string_view(failure.what())}});
      response = server_.application_.refuse(exchange, Error{ErrorCode::InternalError, {}}, "exception");
    }
    const bool keep = co_await answer(slot, std::move(response));
    exchange_ = nullptr;
    exchange.body = nullptr;
    if (const auto rest = body.leftover(); keep && !rest.empty()) {
      std::memcpy(slot.input.get(), rest.data(), rest.size());  // a chunked read is no longer than this buffer
      slot.begin = 0;
      slot.end = rest.size();
    }
    server_.stream_buffers_.give_back(std::move(slot.stream));
    if (!keep) co_return false;
    if (slot.begin == slot.end) slot.begin = slot.end = 0;
  } while (slot.begin != slot.end);
  co_return true;
}

Task<> Connection::refuse_head(RequestSlot& slot, HeadState state) {
  Exchange& exchange = *slot.exchange;
  Error error{ErrorCode::RequestTimeout, "head incomplete at its deadline", ErrorOrigin::Downstream};
  std::string_view reason = "head_timeout";
  if (state == HeadState::Refused) {
    error.code = slot.parser.rejection().code;
    reason = http::to_string(slot.parser.rejection().reason);
  }
  enter(Phase::Work, kNever);
  Response response = server_.application_.refuse(exchange, error, reason);
  response.close = true;
  co_await answer(slot, std::move(response));
}

/// A tenth less at most, by the nanoseconds of its birth: clients that came together shall not all go together.
SteadyTime::duration Connection::age_max() const noexcept {
  const SteadyTime::duration most = server_.limits_.connection_age_max;
  return most - most / 10 * (opened_.time_since_epoch().count() % 1000) / 1000;
}

bool Connection::may_keep(const Exchange& exchange, const Response& response) const noexcept {
  if (response.close || !exchange.head_valid || !exchange.request.keep_alive) return false;
  if (server_.draining_ || requests_ >= server_.limits_.requests_per_connection_max) return false;
  if (exchange.started - opened_ > age_max()) return false;
  const RequestBody& body = *exchange.body;
  if (body.complete()) return true;
  // The rest of a short body is read away; for a long one, or one that waits for 100, closing is cheaper for both.
  return body.framing() == http::Framing::Length && body.remaining_ <= kDrainBytesMax && !body.continue_pending_;
}

Task<bool> Connection::answer(RequestSlot& slot, Response response) {
  Exchange& exchange = *slot.exchange;
  const bool head_request = exchange.head_valid && exchange.request.method == http::Method::Head;
  const bool bodiless = head_request || response.status == 204 || response.status == 304;
  auto* const stream = std::get_if<std::unique_ptr<BodySource>>(&response.body);
  const bool http11 = !exchange.head_valid || exchange.request.version == http::Version::Http11;
  const bool unknown_length = stream != nullptr && !bodiless && !response.length;
  bool keep = may_keep(exchange, response) && (http11 || !unknown_length);

  Completion completion;
  completion.status = response.status;
  completion.code = response.code;
  bool whole = !exchange.client_gone;
  if (whole) {
    try {
      compose_head(slot, response, keep, unknown_length && http11, bodiless);
      const auto* const text = std::get_if<std::string>(&response.body);
      Pieces pieces{slot.out, text != nullptr && !bodiless ? std::string_view(*text) : std::string_view()};
      const Wrote wrote = write_now(pieces);
      whole = wrote == Wrote::All || (wrote == Wrote::Some && co_await write_rest(pieces));
      if (whole && stream != nullptr && !bodiless) {
        whole = co_await relay(**stream, unknown_length && http11, response.length);
      }
    } catch (const std::exception& failure) {
      // Not past this point: work in the background refers to the answer's body, which would go with this frame.
      server_.logger_.write(log::Level::Error, "answer_failed", {{"what", std::string_view(failure.what())}});
      whole = false;
    }
    if (!whole) reset_connection();
  } else {
    completion.status = 499;
    completion.code = {};
  }
  if (exchange.background) {
    co_await exchange.background->stop();
    exchange.background.reset();
  }
  completion.bytes_out = bytes_out_;
  completion.aborted = !whole;
  completion.finished = server_.clock_.now();
  if (exchange.head_valid) completion.bytes_in = exchange.body->bytes_received();
  server_.application_.finished(exchange, completion);

  if (!whole) co_return false;
  if (keep && !exchange.body->complete()) keep = co_await drain_body(*exchange.body);
  if (!keep) lingering_ = true;
  co_return keep;
}

void Connection::compose_head(RequestSlot& slot, Response& response, bool keep, bool chunked, bool bodiless) {
  const Exchange& exchange = *slot.exchange;
  std::string& out = slot.out;
  out.assign("HTTP/1.1 ", 9);
  append_number(out, static_cast<std::uint64_t>(response.status));
  out.append(" ", 1).append(reason_phrase(response.status)).append("\r\n", 2).append(response.fields);
  if ((response.own_fields & kOwnDate) == 0) out.append(server_.date_line());
  std::optional<std::uint64_t> length = response.length;
  if (const auto* text = std::get_if<std::string>(&response.body); text != nullptr && !length) length = text->size();
  if (std::holds_alternative<std::monostate>(response.body) && !length && !bodiless) length = 0;
  if (chunked) {
    out.append("Transfer-Encoding: chunked\r\n");
  } else if (length && response.status != 204) {
    out.append("Content-Length: ");
    append_number(out, *length);
    out.append("\r\n", 2);
  }
  if (!keep) {
    out.append("Connection: close\r\n");
  } else if (exchange.head_valid && exchange.request.version == http::Version::Http10) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n", 2);
}

Task<bool> Connection::relay(BodySource& source, bool chunked, std::optional<std::uint64_t> length) {
  std::uint64_t left = length.value_or(UINT64_MAX);
  for (;;) {
    auto piece = co_await source.next();
    if (!piece || exchange_->client_gone) co_return false;
    if (piece->empty()) break;
    if (piece->size() > left) co_return false;
    left -= piece->size();
    char size_line[20];
    Pieces pieces{std::string_view(), std::string_view(piece->data(), piece->size()), std::string_view()};
    if (chunked) {
      char* end = std::to_chars(size_line, size_line + 16, piece->size(), 16).ptr;
      *end++ = '\r';
      *end++ = '\n';
      pieces[0] = {size_line, static_cast<std::size_t>(end - size_line)};
      pieces[2] = "\r\n";
    }
    const Wrote wrote = write_now(pieces);
    if (wrote == Wrote::Failed || (wrote == Wrote::Some && !co_await write_rest(pieces))) co_return false;
  }
  if (chunked) {
    Pieces last{"0\r\n\r\n"};
    const Wrote wrote = write_now(last);
    co_return wrote == Wrote::All || (wrote == Wrote::Some && co_await write_rest(last));
  }
  co_return !length || left == 0;
}

Task<bool> Connection::drain_body(RequestBody& body) {
  auto rest = body.set_limit(UINT64_MAX);
  while (rest && !body.complete()) {
    auto piece = co_await body.next();
    if (!piece) co_return false;
  }
  co_return rest.has_value();
}

Task<> Connection::linger() {
  // Closing while the client still sends would reset the connection and might destroy the answer on its way.
  ErrorCodeSys ec;
  socket_.shutdown(runtime::TcpSocket::shutdown_send, ec);
  if (ec) co_return;
  enter(Phase::Linger, server_.clock_.coarse_now() + kLingerTime);
  // One buffer for all who linger, as nobody looks at what lands in it: thousands of them must not cost memory.
  if (!server_.waste_) server_.waste_ = std::make_unique_for_overwrite<char[]>(kStreamBytes);
  while (co_await read_some({server_.waste_.get(), kStreamBytes}) != 0) {
  }
}

// ---- the socket

Task<std::size_t> Connection::read_some(std::span<char> to) {
  if (timed_out_) co_return 0;
  ErrorCodeSys ec;
  const std::size_t n = co_await socket_.async_read_some(asio::buffer(to.data(), to.size()), into(ec));
  co_return ec ? 0 : n;
}

Connection::Wrote Connection::write_now(Pieces& pieces) noexcept {
  const std::array<asio::const_buffer, 3> buffers{asio::buffer(pieces[0].data(), pieces[0].size()),
                                                  asio::buffer(pieces[1].data(), pieces[1].size()),
                                                  asio::buffer(pieces[2].data(), pieces[2].size())};
  ErrorCodeSys ec;
  std::size_t n = socket_.write_some(buffers, ec);
  if (ec && ec != asio::error::would_block) return Wrote::Failed;
  bytes_out_ += n;
  std::size_t left = 0;
  for (std::string_view& piece : pieces) {
    const std::size_t used = std::min(n, piece.size());
    piece.remove_prefix(used);
    n -= used;
    left += piece.size();
  }
  return left == 0 ? Wrote::All : Wrote::Some;
}

Task<bool> Connection::write_rest(Pieces pieces) {
  for (;;) {
    ErrorCodeSys ec;
    write_deadline_ = server_.clock_.coarse_now() + server_.limits_.write_stall_timeout;
    co_await socket_.async_wait(runtime::TcpSocket::wait_write, into(ec));
    write_deadline_ = kNever;
    if (ec) co_return false;
    const Wrote wrote = write_now(pieces);
    if (wrote != Wrote::Some) co_return wrote == Wrote::All;
  }
}

void Connection::reset_connection() noexcept {
  ErrorCodeSys ignored;
  socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  socket_.close(ignored);
}

}  // namespace sallyport::net
