#include "sallyport/net/client_connection.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <sys/socket.h>

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include "sallyport/core/ascii.hpp"
#include "tls_stream.hpp"

namespace sallyport::net {

using runtime::into;
using runtime::Task;

namespace {

constexpr std::size_t kLargeBytes = 65536;  // the largest head, and the reads of a long body
constexpr int kInterimMax = 8;

std::unexpected<Error> bad_gateway(std::string detail) {
  return fail(ErrorCode::BadGateway, std::move(detail), ErrorOrigin::Upstream);
}

/// `Keep-Alive: timeout=N` as N − 1 seconds, so that we never use a connection in the moment its server closes it.
std::chrono::milliseconds keep_alive_timeout(const http::FieldList& fields) {
  const auto value = fields.find("keep-alive");
  if (!value) return {};
  const std::size_t at = to_lower(*value).find("timeout=");
  if (at == std::string::npos) return {};
  int seconds = 0;
  const auto parsed = std::from_chars(value->data() + at + 8, value->data() + value->size(), seconds);
  if (parsed.ec != std::errc() || seconds < 1) return {};
  return std::max(std::chrono::milliseconds(1),
                  std::chrono::milliseconds(std::chrono::seconds(seconds) - std::chrono::seconds(1)));
}

}  // namespace

ClientConnection::ClientConnection(runtime::Executor executor, Sweeper& sweeper, BufferPool& buffers)
    : SweepEntry(sweeper), socket_(executor), buffers_(buffers) {}

ClientConnection::~ClientConnection() {
  buffers_.give_back(std::move(buffer_));
}

void ClientConnection::sweep(SteadyTime now) noexcept {
  if (now < deadline_ || waiting_ == 0) return;
  timed_out_ = true;
  ErrorCodeSys ignored;
  socket_.cancel(ignored);
}

void ClientConnection::abort() noexcept {
  aborted_ = true;
  ErrorCodeSys ignored;
  socket_.cancel(ignored);
}

std::unexpected<Error> ClientConnection::failure(std::string_view doing, const ErrorCodeSys& ec) const {
  return failure(doing, ec.message());
}

std::unexpected<Error> ClientConnection::failure(std::string_view doing, std::string_view why) const {
  if (timed_out_) return fail(ErrorCode::GatewayTimeout, fmt::format("{}: timed out", doing), ErrorOrigin::Upstream);
  if (aborted_) return fail(ErrorCode::BadGateway, fmt::format("{}: client has gone", doing), ErrorOrigin::Downstream);
  return bad_gateway(fmt::format("{}: {}", doing, why));
}

Task<Result<void>> ClientConnection::connect(const asio::ip::tcp::endpoint& endpoint, Deadline deadline) {
  set_deadline(deadline);
  ErrorCodeSys ec;
  ++waiting_;
  co_await socket_.async_connect(endpoint, into(ec));
  --waiting_;
  if (ec) co_return failure("connect", ec);
  socket_.set_option(asio::ip::tcp::no_delay(true), ec);
  socket_.non_blocking(true, ec);
  if (ec) co_return failure("connect", ec);
  co_return Result<void>{};
}

Result<bool> ClientConnection::send_now(std::string_view head, std::string_view body, std::string_view tail) {
  ++exchanges_;
  sent_ = received_ = 0;
  keep_alive_ = body_done_ = body_unsent_ = false;
  begin_ = end_ = 0;
  unsent_ = {head, body, tail};
  return write_unsent();
}

Result<bool> ClientConnection::write_unsent() {
  if (tls_) return write_unsent_tls();
  const std::array<asio::const_buffer, 3> buffers{asio::buffer(unsent_[0].data(), unsent_[0].size()),
                                                  asio::buffer(unsent_[1].data(), unsent_[1].size()),
                                                  asio::buffer(unsent_[2].data(), unsent_[2].size())};
  ErrorCodeSys ec;
  const std::size_t n = socket_.write_some(buffers, ec);
  if (ec && ec != asio::error::would_block) return failure("send", ec);
  return take_unsent(n);
}

/// true: nothing is left.
bool ClientConnection::take_unsent(std::size_t bytes) noexcept {
  sent_ += bytes;
  std::size_t left = 0;
  for (std::string_view& piece : unsent_) {
    const std::size_t used = std::min(bytes, piece.size());
    piece.remove_prefix(used);
    bytes -= used;
    left += piece.size();
  }
  return left == 0;
}

Task<Result<void>> ClientConnection::send_rest() {
  for (;;) {
    auto all = write_unsent();
    if (!all) co_return std::unexpected(std::move(all.error()));
    if (*all) co_return Result<void>{};
    ErrorCodeSys ec;
    // What had just completed could not be cancelled: then nobody would end this wait.
    if (timed_out_ || aborted_) co_return failure("send", asio::error::operation_aborted);
    ++waiting_;
    co_await socket_.async_wait(runtime::TcpSocket::wait_write, into(ec));
    --waiting_;
    if (ec) co_return failure("send", ec);
  }
}

Task<Result<void>> ClientConnection::send(std::string_view before, std::string_view bytes, std::string_view after) {
  unsent_ = {before, bytes, after};
  return send_rest();
}

bool ClientConnection::make_room() {
  if (data_ == nullptr) {
    buffer_ = buffers_.lease();
    data_ = buffer_.get();
    capacity_ = buffers_.buffer_bytes();
  }
  if (end_ < capacity_) return true;
  if (begin_ > 0) {
    std::memmove(data_, data_ + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  } else if (capacity_ < kLargeBytes) {
    enlarge();
  } else {
    return false;
  }
  parser_.reset(method_);  // its views pointed into the old place
  return true;
}

void ClientConnection::enlarge() {
  large_ = std::make_unique_for_overwrite<char[]>(kLargeBytes);
  std::memcpy(large_.get(), data_, end_);
  buffers_.give_back(std::move(buffer_));
  data_ = large_.get();
  capacity_ = kLargeBytes;
}

/// No coroutine of its own: a plain read costs nothing for what it is not.
Task<Result<void>> ClientConnection::fill() {
  return tls_ ? fill_tls() : fill_plain();
}

Task<Result<void>> ClientConnection::fill_plain() {
  ErrorCodeSys ec;
  if (timed_out_ || aborted_) co_return failure("read", asio::error::operation_aborted);
  ++waiting_;
  const std::size_t n = co_await socket_.async_read_some(asio::buffer(data_ + end_, capacity_ - end_), into(ec));
  --waiting_;
  eof_ = ec == asio::error::eof;
  if (ec) co_return failure("read", ec);
  end_ += n;
  received_ += n;
  co_return Result<void>{};
}

Task<Result<void>> ClientConnection::read_head(http::Method method, http::ResponseHead& head) {
  method_ = method;
  parser_.reset(method);
  for (int interim = 0; interim <= kInterimMax;) {
    switch (parser_.parse({data_ + begin_, end_ - begin_}, head)) {
      case http::ParseStatus::Rejected:
        co_return bad_gateway(fmt::format("invalid answer: {}", http::to_string(parser_.rejection().reason)));
      case http::ParseStatus::NeedMore: {
        if (!make_room()) co_return bad_gateway("answer's head is too large");
        auto filled = co_await fill();
        if (!filled) co_return filled;
        continue;
      }
      case http::ParseStatus::Complete:
        break;
    }
    begin_ += head.head_bytes;
    parser_.reset(method);
    if (head.status == 101) co_return bad_gateway("switched protocols unasked");
    if (head.status >= 200) {
      framing_ = head.framing;
      remaining_ = framing_ == http::Framing::Length ? head.content_length : 0;
      chunks_ = http::ChunkDecoder();
      keep_alive_ = head.keep_alive && framing_ != http::Framing::UntilClose;
      if (head.keep_alive) keep_alive_hint_ = keep_alive_timeout(head.fields);
      body_done_ = framing_ == http::Framing::None || (framing_ == http::Framing::Length && remaining_ == 0);
      co_return Result<void>{};
    }
    ++interim;
  }
  co_return bad_gateway("too many interim answers");
}

std::optional<std::string_view> ClientConnection::whole_body() const noexcept {
  if (body_done_) return std::string_view();
  if (framing_ != http::Framing::Length || end_ - begin_ < remaining_) return std::nullopt;
  return std::string_view(data_ + begin_, static_cast<std::size_t>(remaining_));
}

void ClientConnection::take_whole_body() noexcept {
  begin_ += static_cast<std::size_t>(remaining_);
  remaining_ = 0;
  body_done_ = true;
}

Task<Result<std::span<const char>>> ClientConnection::next_body() {
  while (!body_done_) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
      if (capacity_ < kLargeBytes && (framing_ != http::Framing::Length || remaining_ > capacity_)) enlarge();
      if (auto filled = co_await fill(); !filled) {
        if (framing_ == http::Framing::UntilClose && !timed_out_ && !aborted_ && eof_) break;
        co_return std::unexpected(std::move(filled.error()));
      }
    }
    std::span<const char> data(data_ + begin_, end_ - begin_);
    if (framing_ == http::Framing::Chunked) {
      const auto step = chunks_.next(data);
      begin_ += step.consumed;
      if (step.failed) co_return bad_gateway("broken chunked framing");
      body_done_ = step.done;
      data = step.data;
    } else {
      if (framing_ == http::Framing::Length) {
        data = data.first(static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, data.size())));
        remaining_ -= data.size();
        body_done_ = remaining_ == 0;
      }
      begin_ += data.size();
    }
    if (!data.empty()) co_return data;
  }
  body_done_ = true;
  co_return std::span<const char>{};
}

bool ClientConnection::reusable() const noexcept {
  const bool sent_all = unsent_[0].empty() && unsent_[1].empty() && unsent_[2].empty() && !body_unsent_;
  return keep_alive_ && body_done_ && sent_all && begin_ == end_ && !timed_out_ && !aborted_;
}

void ClientConnection::rest(SteadyTime now) noexcept {
  rested_since_ = now;
  deadline_ = SteadyTime::max();
  buffers_.give_back(std::move(buffer_));
  large_.reset();
  data_ = nullptr;
  capacity_ = begin_ = end_ = 0;
}

bool ClientConnection::stale() noexcept {
  if (tls_) return !tls_->quiet();
  char byte = 0;
  const auto n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return !(n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

}  // namespace sallyport::net
