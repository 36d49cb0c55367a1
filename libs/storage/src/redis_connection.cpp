#include "redis_connection.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>

#include "sallyport/storage/resp.hpp"

namespace sallyport::storage {
namespace {

constexpr std::size_t kUnsentBytesMax = 16U << 20U;
constexpr std::size_t kKeptBufferBytes = 1U << 20U;

}  // namespace

Connection::Connection(runtime::Executor executor, const RedisOptions& options, const Clock& clock,
                       std::shared_ptr<RedisClient::Statistics> statistics)
    : executor_(executor),
      options_(options),
      clock_(clock),
      statistics_(std::move(statistics)),
      socket_(executor),
      closed_event_(executor, SteadyTime::max()),
      pipeline_(options.in_flight_max),
      timer_(executor) {}

Connection::~Connection() {
  // Waiters are left only when the event loop itself goes away: end their coroutines.
  while (!pipeline_.empty()) {
    if (Waiter* waiter = pipeline_.front().waiter) complete(*waiter, std::nullopt);
    pipeline_.pop_front();
  }
  while (Waiter* waiter = ready_head_) {
    ready_head_ = waiter->next_ready;
    const WaiterHandler dropped = std::move(*waiter->handler);
  }
}

void Connection::start_exchange() {
  established_ = true;
  timer_.cancel();
  armed_for_ = SteadyTime::max();
  start_read();
}

runtime::Task<> Connection::wait_closed() {
  const auto self = shared_from_this();
  while (!closed_) {
    ErrorCodeSys ignored;
    co_await closed_event_.async_wait(runtime::into(ignored));
  }
}

// Waiters.

std::optional<RedisError> Connection::refusal(std::size_t bytes) const {
  if (!is_open()) return RedisError{RedisErrorKind::NotSent, "not connected"};
  if (pipeline_.full()) return RedisError{RedisErrorKind::NotSent, "too many commands in flight"};
  if (out_.size() - out_head_ + bytes > kUnsentBytesMax) {
    return RedisError{RedisErrorKind::NotSent, "too many bytes wait to be sent"};
  }
  return std::nullopt;
}

runtime::Task<> Connection::exchange(Waiter& waiter) {
  return asio::async_initiate<const asio::use_awaitable_t<runtime::Executor>, void()>(
      [](WaiterHandler handler, Connection* connection, Waiter* waiting) {
        connection->begin_wait(*waiting, std::move(handler));
      },
      runtime::use_task, this, &waiter);
}

/// Command and slot are queued in one go: a co_await that throws because of an earlier cancellation queues neither.
void Connection::begin_wait(Waiter& waiter, WaiterHandler handler) {
  const SteadyTime now = clock_.now();
  if (pipeline_.empty()) quiet_since_ = now;
  const std::uint64_t offset = maybe_sent_ + (out_.size() - out_head_);
  waiter.slot = pipeline_.push({&waiter, offset, now + options_.command_timeout});
  if (waiter.words.empty()) {
    out_.append(waiter.encoded);
  } else {
    append_resp_command(out_, waiter.words);
  }
  waiter.handler.emplace(std::move(handler));
  ++statistics_->commands;
  if (auto slot = asio::get_associated_cancellation_slot(*waiter.handler); slot.is_connected()) {
    slot.assign([this, &waiter](asio::cancellation_type) { cancel_wait(waiter); });
  }
  schedule_flush();
  arm_timer(now);
}

void Connection::cancel_wait(Waiter& waiter) {
  if (waiter.completed) return;
  pipeline_.abandon(waiter.slot);
  complete(waiter, RedisError{RedisErrorKind::Timeout, "the wait was cancelled"});
  asio::post(executor_, [self = shared_from_this()] { self->resume_completed(); });
}

/// Only notes the waiter: coroutines run when the connection's own state is consistent, in resume_completed().
void Connection::complete(Waiter& waiter, std::optional<RedisError> error) {
  waiter.error = std::move(error);
  waiter.completed = true;
  (ready_tail_ != nullptr ? ready_tail_->next_ready : ready_head_) = &waiter;
  ready_tail_ = &waiter;
}

/// The caller holds a share of this connection: a resumed coroutine may drop every other one.
void Connection::resume_completed() {
  if (resuming_) return;
  resuming_ = true;
  while (Waiter* waiter = ready_head_) {
    ready_head_ = waiter->next_ready;
    if (ready_head_ == nullptr) ready_tail_ = nullptr;
    WaiterHandler handler = std::move(*waiter->handler);
    waiter->handler.reset();
    std::move(handler)();
  }
  resuming_ = false;
}

// Output: all commands of one turn of the loop leave in one write.

void Connection::schedule_flush() {
  if (flush_posted_ || writing_) return;
  flush_posted_ = true;
  asio::post(executor_, [self = shared_from_this()] {
    self->flush_posted_ = false;
    self->flush();
    self->resume_completed();
  });
}

void Connection::flush() {
  if (closed_ || writing_ || out_.size() == out_head_) return;
  if (tls_) {
    write_tls();
  } else {
    write_plain();
  }
}

void Connection::write_plain() {
  while (out_head_ < out_.size()) {
    ErrorCodeSys error;
    const std::size_t written = socket_.write_some(asio::buffer(out_) + out_head_, error);
    if (error == asio::error::would_block || error == asio::error::try_again) {
      writing_ = true;
      socket_.async_wait(Socket::wait_write, [self = shared_from_this()](const ErrorCodeSys& failed) {
        self->writing_ = false;
        if (failed) self->close(RedisErrorKind::Disconnect, "write failed: " + failed.message());
        self->flush();
        self->resume_completed();
      });
      break;
    }
    if (error && error != asio::error::interrupted) {
      close(RedisErrorKind::Disconnect, "write failed: " + error.message());
      return;
    }
    if (written != 0) ++statistics_->writes;
    out_head_ += written;
    maybe_sent_ += written;
  }
  if (out_head_ == out_.size()) {
    out_.clear();
    out_head_ = 0;
    if (out_.capacity() > kKeptBufferBytes) out_.shrink_to_fit();
  } else if (out_head_ > kKeptBufferBytes) {
    out_.erase(0, out_head_);
    out_head_ = 0;
  }
}

void Connection::write_tls() {
  writing_ = true;
  tls_out_.swap(out_);
  out_.clear();
  maybe_sent_ += tls_out_.size();
  ++statistics_->writes;
  asio::async_write(*tls_, asio::buffer(tls_out_), [self = shared_from_this()](const ErrorCodeSys& error, std::size_t) {
    self->writing_ = false;
    if (error) self->close(RedisErrorKind::Disconnect, "write failed: " + error.message());
    if (self->tls_out_.capacity() > kKeptBufferBytes) self->tls_out_ = std::string();
    self->flush();
    self->resume_completed();
  });
}

// Input.

void Connection::start_read() {
  const std::span<char> space = reader_.prepare();
  const auto buffer = asio::buffer(space.data(), space.size());
  auto done = [self = shared_from_this()](const ErrorCodeSys& error, std::size_t bytes) {
    self->on_read(error, bytes);
  };
  if (tls_) {
    tls_->async_read_some(buffer, std::move(done));
  } else {
    socket_.async_read_some(buffer, std::move(done));
  }
}

void Connection::on_read(const ErrorCodeSys& error, std::size_t bytes) {
  if (closed_) return;
  if (error) {
    const bool ended = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
    close(RedisErrorKind::Disconnect, ended ? "the server closed the connection" : "read failed: " + error.message());
  } else {
    reader_.commit(bytes);
    quiet_since_ = clock_.now();
    match_replies();
    if (!closed_) start_read();
  }
  resume_completed();
}

void Connection::match_replies() {
  for (;;) {
    Waiter* waiter = pipeline_.empty() ? nullptr : pipeline_.front().waiter;
    const auto step = reader_.next(waiter != nullptr ? waiter->integers : &nobody_);
    if (step == ReplyReader::Step::Incomplete) return;
    if (step == ReplyReader::Step::Broken) return close(RedisErrorKind::Protocol, "a reply is not RESP, or too large");
    if (pipeline_.empty()) return close(RedisErrorKind::Protocol, "a reply came that no command asked for");
    pipeline_.pop_front();
    if (waiter == nullptr) {
      ++statistics_->late_replies;
      if (step == ReplyReader::Step::Tree) static_cast<void>(reader_.take_tree());
    } else if (step == ReplyReader::Step::Integers) {
      complete(*waiter, std::nullopt);
    } else {
      deliver(*waiter, reader_.take_tree());
    }
  }
}

void Connection::deliver(Waiter& waiter, RedisResult<RedisReply> reply) {
  if (!reply) return complete(waiter, std::move(reply.error()));
  if (waiter.reply != nullptr) {
    *waiter.reply = std::move(*reply);
    return complete(waiter, std::nullopt);
  }
  // Integers that the reader's short cut did not take, such as one with 19 digits.
  const auto* array = std::get_if<std::vector<RedisReply>>(&reply->value);
  RedisClient::Integers& out = *waiter.integers;
  bool fits = array != nullptr && array->size() <= std::size(out.values);
  for (std::size_t i = 0; fits && i < array->size(); ++i) {
    const auto* integer = std::get_if<std::int64_t>(&(*array)[i].value);
    fits = integer != nullptr;
    if (fits) out.values[i] = *integer;
  }
  if (!fits) return complete(waiter, RedisError{RedisErrorKind::Protocol, "the reply is not an array of integers"});
  out.size = static_cast<std::uint8_t>(array->size());
  complete(waiter, std::nullopt);
}

// Time.

/// The timer stays armed for an older, earlier moment when replies come: it then finds nothing to do and is set anew.
/// Under load that is one timer operation a timeout, not one a command.
void Connection::arm_timer(SteadyTime now) {
  SteadyTime wanted = quiet_since_ + silence_max();
  if (const auto next = pipeline_.next_deadline()) wanted = std::min(wanted, *next);
  if (armed_for_ <= wanted) return;
  armed_for_ = wanted;
  timer_.expires_after(wanted - now);
  timer_.async_wait([self = shared_from_this()](const ErrorCodeSys& error) {
    if (error) return;
    self->on_timer();
    self->resume_completed();
  });
}

void Connection::on_timer() {
  armed_for_ = SteadyTime::max();
  if (closed_) return;
  const SteadyTime now = clock_.now();
  while (Waiter* waiter = pipeline_.expire(now)) {
    ++statistics_->timeouts;
    complete(*waiter, RedisError{RedisErrorKind::Timeout, "no reply in time"});
  }
  if (pipeline_.empty()) return;
  if (now - quiet_since_ >= silence_max()) return close(RedisErrorKind::Disconnect, "the server has stopped answering");
  arm_timer(now);
}

// The end.

void Connection::close(RedisErrorKind kind, std::string_view reason) {
  if (closed_) return;
  closed_ = true;
  close_reason_ = reason;
  ErrorCodeSys ignored;
  socket_.close(ignored);
  timer_.cancel();
  closed_event_.cancel();
  abandon_resolution();
  while (!pipeline_.empty()) {
    const Pipeline::Slot slot = pipeline_.front();
    pipeline_.pop_front();
    if (slot.waiter == nullptr) continue;
    complete(*slot.waiter, RedisError{slot.offset < maybe_sent_ ? kind : RedisErrorKind::NotSent, close_reason_});
  }
}

void Connection::close_later(RedisErrorKind kind, std::string_view reason) {
  close(kind, reason);
  asio::post(executor_, [self = shared_from_this()] { self->resume_completed(); });
}

}  // namespace sallyport::storage
