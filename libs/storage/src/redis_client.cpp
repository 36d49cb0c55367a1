#include "sallyport/storage/redis_client.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

#include "redis_connection.hpp"
#include "sallyport/core/assert.hpp"
#include "sallyport/runtime/task_scope.hpp"
#include "sallyport/runtime/tls.hpp"

namespace sallyport::storage {
namespace {

using Milliseconds = std::chrono::milliseconds;

/// A try with less time would only hide what the others failed of.
constexpr Milliseconds kLeastTry{10};

/// What connect() waits for; it may outlive the client.
struct FirstConnection {
  explicit FirstConnection(runtime::Executor executor) : decided(executor, SteadyTime::max()) {}
  void decide(RedisResult<void> how) {
    result = std::move(how);
    is_decided = true;
    decided.cancel();
  }
  runtime::Timer decided;
  bool is_decided = false;
  RedisResult<void> result;
};

}  // namespace

class RedisClient::Impl final {
 public:
  Impl(runtime::Executor executor, RedisOptions options, const Clock& clock, Random& random, log::Logger& logger);
  ~Impl();

  runtime::Task<RedisResult<void>> connect(Deadline deadline);
  runtime::Task<> stop();
  void reconnect();
  Connection* connection() const noexcept { return connection_.get(); }
  const Statistics& statistics() const noexcept { return *statistics_; }

 private:
  runtime::Task<> supervise(Deadline deadline, std::shared_ptr<FirstConnection> first);
  runtime::Task<RedisResult<void>> connect_first(Deadline deadline);
  runtime::Task<> connect_again();
  runtime::Task<std::optional<ConnectFailure>> try_once(Deadline deadline);
  runtime::Task<> pause(Milliseconds wait);
  Milliseconds backoff();
  Milliseconds time_left(Deadline deadline) const {
    return std::chrono::floor<Milliseconds>(deadline.remaining(clock_.now()));
  }
  void log_failure(const ConnectFailure& failure);

  runtime::Executor executor_;
  RedisOptions options_;
  const Clock& clock_;
  Random& random_;
  log::Logger& logger_;
  std::optional<asio::ssl::context> tls_;
  std::shared_ptr<Statistics> statistics_ = std::make_shared<Statistics>();
  std::shared_ptr<Connection> connection_;
  unsigned failures_ = 0;  ///< in a row
  bool stopping_ = false;
  runtime::Timer pause_;
  runtime::TaskScope scope_;
};

RedisClient::Impl::Impl(runtime::Executor executor, RedisOptions options, const Clock& clock, Random& random,
                        log::Logger& logger)
    : executor_(executor),
      options_(std::move(options)),
      clock_(clock),
      random_(random),
      logger_(logger),
      pause_(executor),
      scope_(executor, 1, [&logger](std::exception_ptr) { logger.write(log::Level::Error, "redis_task_failed"); }) {
  if (options_.url.transport == RedisUrl::Transport::Tls) {
    tls_ =
        runtime::make_client_tls({options_.url.ca_file, options_.url.certificate_file, options_.url.private_key_file});
  }
}

RedisClient::Impl::~Impl() {
  if (connection_) connection_->close_later(RedisErrorKind::Disconnect, "the client was destroyed");
}

runtime::Task<RedisResult<void>> RedisClient::Impl::connect(Deadline deadline) {
  const auto first = std::make_shared<FirstConnection>(executor_);
  if (stopping_ || !scope_.spawn(supervise(deadline, first))) {
    co_return std::unexpected(RedisError{RedisErrorKind::NotSent, "the client was already started or stopped"});
  }
  while (!first->is_decided) {
    ErrorCodeSys ignored;
    co_await first->decided.async_wait(runtime::into(ignored));
  }
  co_return std::move(first->result);
}

runtime::Task<> RedisClient::Impl::stop() {
  stopping_ = true;
  pause_.cancel();
  if (connection_) connection_->close_later(RedisErrorKind::Disconnect, "the client was stopped");
  co_await scope_.join();
}

void RedisClient::Impl::reconnect() {
  if (connection_ && connection_->is_open()) {
    connection_->close_later(RedisErrorKind::Disconnect, "dropped in order to connect anew");
  }
}

runtime::Task<> RedisClient::Impl::supervise(Deadline deadline, std::shared_ptr<FirstConnection> first) {
  auto connected = co_await connect_first(deadline);
  const bool succeeded = connected.has_value();
  first->decide(std::move(connected));
  if (!succeeded) co_return;
  while (!stopping_) {
    const SteadyTime since = clock_.now();
    co_await connection_->wait_closed();
    if (stopping_) break;
    logger_.write(log::Level::Warn, "redis_disconnected",
                  {{"endpoint", options_.url.endpoint()}, {"reason", connection_->close_reason()}});
    // A connection that did not last does not count as a success: else a server that dies at once is tried in a rush.
    failures_ = clock_.now() - since < options_.reconnect_max ? failures_ + 1 : 0;
    co_await connect_again();
  }
}

runtime::Task<RedisResult<void>> RedisClient::Impl::connect_first(Deadline deadline) {
  for (unsigned tries = 1;; ++tries) {
    auto failed = co_await try_once(deadline);
    if (!failed && !stopping_) co_return RedisResult<void>();
    if (!stopping_ && !failed->fatal) co_await pause(std::min(time_left(deadline), backoff()));
    if (stopping_) co_return std::unexpected(RedisError{RedisErrorKind::NotSent, "the client was stopped"});
    if (failed->fatal || time_left(deadline) < kLeastTry) {
      failed->error.message += tries == 1 ? " (after 1 try)" : " (after " + std::to_string(tries) + " tries)";
      co_return std::unexpected(std::move(failed->error));
    }
  }
}

runtime::Task<> RedisClient::Impl::connect_again() {
  for (;;) {
    co_await pause(backoff());
    if (stopping_) co_return;
    const auto failed = co_await try_once(Deadline(SteadyTime::max()));
    if (stopping_) co_return;
    if (!failed) break;
  }
  ++statistics_->reconnects;
}

runtime::Task<std::optional<ConnectFailure>> RedisClient::Impl::try_once(Deadline deadline) {
  connection_ = std::make_shared<Connection>(executor_, options_, clock_, statistics_);
  const Deadline limit = Deadline::after(clock_.now(), options_.connect_timeout).sooner(deadline);
  auto failed = co_await connection_->open(tls_ ? &*tls_ : nullptr, limit);
  if (failed) {
    ++failures_;
    log_failure(*failed);
  } else {
    logger_.write(log::Level::Info, "redis_connected", {{"endpoint", options_.url.endpoint()}});
  }
  co_return failed;
}

runtime::Task<> RedisClient::Impl::pause(Milliseconds wait) {
  if (stopping_) co_return;
  ErrorCodeSys ignored;
  pause_.expires_after(wait);
  co_await pause_.async_wait(runtime::into(ignored));
}

/// Full jitter: anywhere between nothing and the doubled bound, so that the clients of a dead server do not come in
/// step.
Milliseconds RedisClient::Impl::backoff() {
  const unsigned doublings = std::min(failures_ == 0 ? 0 : failures_ - 1, 20U);
  const auto bound =
      std::min<std::int64_t>(options_.reconnect_max.count(), options_.reconnect_min.count() << doublings);
  return Milliseconds(static_cast<std::int64_t>(random_.uniform() * static_cast<double>(bound)) + 1);
}

void RedisClient::Impl::log_failure(const ConnectFailure& failure) {
  // The 1st, 2nd, 4th, 8th … of an outage: a dead server must not fill the log.
  const auto level = std::has_single_bit(failures_) ? log::Level::Warn : log::Level::Debug;
  logger_.write(
      level, "redis_connect_failed",
      {{"endpoint", options_.url.endpoint()}, {"reason", failure.error.message}, {"tries", std::uint64_t{failures_}}});
}

RedisClient::RedisClient(runtime::Executor executor, RedisOptions options, const Clock& clock, Random& random,
                         log::Logger& logger)
    : impl_(std::make_unique<Impl>(executor, std::move(options), clock, random, logger)) {}

RedisClient::~RedisClient() = default;

runtime::Task<RedisResult<void>> RedisClient::connect(Deadline deadline) {
  return impl_->connect(deadline);
}

namespace {

std::optional<RedisError> refusal(const Connection* connection, std::size_t bytes) {
  if (connection == nullptr) return RedisError{RedisErrorKind::NotSent, "not connected"};
  return connection->refusal(bytes);
}

}  // namespace

runtime::Task<RedisResult<RedisReply>> RedisClient::command(std::span<const std::string_view> words) {
  SALLYPORT_ASSERT(!words.empty());
  std::size_t bytes = 0;
  for (const std::string_view word : words) bytes += word.size();
  Connection* connection = impl_->connection();
  if (auto refused = refusal(connection, bytes)) co_return std::unexpected(std::move(*refused));
  RedisReply reply;
  Waiter waiter;
  waiter.words = words;
  waiter.reply = &reply;
  co_await connection->exchange(waiter);
  if (waiter.error) co_return std::unexpected(std::move(*waiter.error));
  co_return std::move(reply);
}

runtime::Task<RedisResult<RedisClient::Integers>> RedisClient::command_for_integers(std::string_view encoded) {
  Connection* connection = impl_->connection();
  if (auto refused = refusal(connection, encoded.size())) co_return std::unexpected(std::move(*refused));
  Integers integers;
  Waiter waiter;
  waiter.encoded = encoded;
  waiter.integers = &integers;
  co_await connection->exchange(waiter);
  if (waiter.error) co_return std::unexpected(std::move(*waiter.error));
  co_return integers;
}

bool RedisClient::connected() const noexcept {
  const Connection* connection = impl_->connection();
  return connection != nullptr && connection->is_open();
}

void RedisClient::reconnect() {
  impl_->reconnect();
}

runtime::Task<> RedisClient::stop() {
  return impl_->stop();
}

const RedisClient::Statistics& RedisClient::statistics() const noexcept {
  return impl_->statistics();
}

}  // namespace sallyport::storage
