#include "sallyport/net/request_body.hpp"

#include "connection.hpp"

namespace sallyport::net {

using runtime::Task;

RequestBody::RequestBody(Connection& connection, RequestSlot& slot) noexcept : connection_(connection), slot_(slot) {
  const http::RequestHead& head = slot.exchange->request;
  framing_ = head.framing;
  remaining_ = head.content_length;
  complete_ = framing_ == http::Framing::None || (framing_ == http::Framing::Length && remaining_ == 0);
  if (complete_) framing_ = http::Framing::None;
  continue_pending_ = head.expect_continue && !complete_ && head.version == http::Version::Http11;
}

Result<void> RequestBody::set_limit(std::uint64_t bytes) noexcept {
  limit_ = bytes;
  if (framing_ == http::Framing::Length && received_ + remaining_ > limit_) {
    return fail(ErrorCode::BodyTooLarge, "announced body is over the limit", ErrorOrigin::Downstream);
  }
  return {};
}

Result<std::span<const char>> RequestBody::decode(std::span<const char> input, std::size_t& consumed) {
  consumed = 0;
  std::span<const char> data;
  if (framing_ == http::Framing::Length) {
    data = input.first(static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size())));
    consumed = data.size();
    remaining_ -= consumed;
    complete_ = remaining_ == 0;
  } else {
    while (data.empty() && consumed < input.size() && !complete_) {
      const auto step = chunks_.next(input.subspan(consumed));
      consumed += step.consumed;
      if (step.failed) return fail(ErrorCode::MalformedRequest, "broken chunked framing", ErrorOrigin::Downstream);
      data = step.data;
      complete_ = step.done;
    }
  }
  received_ += data.size();
  if (received_ > limit_) return fail(ErrorCode::BodyTooLarge, "body is over the limit", ErrorOrigin::Downstream);
  return data;
}

Result<std::span<const char>> RequestBody::take_buffered() {
  std::size_t consumed = 0;
  if (slot_.begin != slot_.end) {
    auto data = decode(slot_.unread(), consumed);
    slot_.begin += consumed;
    return data;
  }
  auto data = decode(streamed_, consumed);
  streamed_ = streamed_.subspan(consumed);
  return data;
}

bool RequestBody::complete_without_waiting() {
  if (complete_) return true;
  if (framing_ != http::Framing::Length || slot_.end - slot_.begin < remaining_ || received_ != 0) return false;
  auto data = take_buffered();  // the limit was checked by set_limit
  if (data) in_place_ = *data;
  return complete_;
}

std::span<const char> RequestBody::prefetched() const noexcept {
  return gathered_.empty() ? in_place_ : std::span<const char>(gathered_);
}

Task<Result<void>> RequestBody::prefetch(std::size_t bytes) {
  while (!complete_ && gathered_.size() < bytes) {
    auto piece = take_buffered();
    if (!piece) co_return std::unexpected(std::move(piece.error()));
    gathered_.append(piece->data(), piece->size());
    if (!piece->empty() || complete_) continue;
    auto filled = co_await fill();
    if (!filled) co_return filled;
  }
  co_return Result<void>{};
}

Task<Result<std::span<const char>>> RequestBody::next() {
  while (!complete_) {
    auto piece = take_buffered();
    if (!piece || !piece->empty()) co_return piece;
    if (complete_) break;
    auto filled = co_await fill();
    if (!filled) co_return std::unexpected(std::move(filled.error()));
  }
  co_return std::span<const char>{};
}

void RequestBody::cancel() noexcept {
  cancelled_ = true;
  ErrorCodeSys ignored;
  connection_.socket_.cancel(ignored);
}

Task<Result<void>> RequestBody::fill() {
  Connection& c = connection_;
  if (cancelled_) co_return fail(ErrorCode::InternalError, "body is not read any more");
  if (continue_pending_) {
    continue_pending_ = false;
    Connection::Pieces pieces{"HTTP/1.1 100 Continue\r\n\r\n"};
    const auto wrote = c.write_now(pieces);
    if (wrote == Connection::Wrote::Failed || (wrote == Connection::Wrote::Some && !co_await c.write_rest(pieces))) {
      slot_.exchange->client_gone = true;
      co_return fail(ErrorCode::RequestTimeout, "client has gone", ErrorOrigin::Downstream);
    }
  }
  if (!slot_.stream) slot_.stream = c.server_.stream_buffers_.lease();
  // Never more than belongs to this body, where its length is known; else no more than fits the input buffer.
  const std::size_t room = framing_ == http::Framing::Length
                               ? static_cast<std::size_t>(std::min<std::uint64_t>(kStreamBytes, remaining_))
                               : kInputBytes;
  const SteadyTime now = c.server_.clock_.coarse_now();
  wait_started_ = now;
  c.enter(Connection::Phase::Body, now + c.server_.limits_.body_idle_timeout);
  const std::size_t n = co_await c.read_some({slot_.stream.get(), room});
  waited_ += c.server_.clock_.coarse_now() - now;
  const bool late = c.timed_out_;
  c.enter(Connection::Phase::Work, SteadyTime::max());
  streamed_ = {slot_.stream.get(), n};
  if (n != 0) co_return Result<void>{};
  if (cancelled_) co_return fail(ErrorCode::InternalError, "body is not read any more");
  if (late) co_return fail(ErrorCode::RequestTimeout, "body too slow", ErrorOrigin::Downstream);
  slot_.exchange->client_gone = true;
  co_return fail(ErrorCode::RequestTimeout, "client has gone", ErrorOrigin::Downstream);
}

}  // namespace sallyport::net
