#include "sallyport/storage/sql/pool.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include "sql/pool_workers.hpp"

namespace sallyport::storage {
namespace {

using std::chrono::steady_clock;

/// The server stops a statement at the deadline; the caller waits so much longer to hear how it ended.
constexpr std::chrono::milliseconds kWaitForTheEnd{100};

/// Ties a ticket to the coroutine that waits for it, however that ends.
class Waiting final {
 public:
  Waiting(SqlTicket& ticket, runtime::Timer& timer) : ticket_(ticket) { ticket_.waiting = &timer; }
  ~Waiting() { ticket_.waiting = nullptr; }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  SqlTicket& ticket_;
};

}  // namespace

SqlPool::SqlPool(SqlPoolOptions options, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), clock)) {}
SqlPool::~SqlPool() = default;

void SqlPool::stop() noexcept {
  impl_->stop();
}

SqlPool::Statistics SqlPool::statistics() const {
  return impl_->statistics();
}

runtime::Task<std::optional<SqlError>> SqlPool::dispatch(std::shared_ptr<SqlJob> job, Deadline deadline,
                                                         WhenAbandoned abandoned) {
  // The caller's clock may be a test's; threads and timers have the system's.
  const SteadyTime start = steady_clock::now();
  const auto remaining = deadline.remaining(impl_->clock().now());
  if (remaining == std::chrono::nanoseconds::zero()) {
    co_return SqlError{.kind = SqlErrorKind::Timeout, .detail = "the deadline is over"};
  }
  const SteadyTime end =
      Deadline::after(start, std::min<std::chrono::nanoseconds>(remaining, std::chrono::hours(1))).at();
  const SteadyTime acquire_end = std::min(end, start + impl_->options().acquire);
  auto ticket = std::make_shared<SqlTicket>(
      SqlTicket{.job = std::move(job), .executor = co_await asio::this_coro::executor, .deadline = end});

  if (abandoned == WhenAbandoned::Finish ||
      (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none) {
    co_return co_await settle(std::move(ticket), acquire_end, WhenAbandoned::Finish);
  }
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  auto outcome = co_await settle(std::move(ticket), acquire_end, abandoned);
  if ((co_await asio::this_coro::cancellation_state).cancelled() == asio::cancellation_type::none) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
  }
  co_return outcome;
}

runtime::Task<std::optional<SqlError>> SqlPool::settle(std::shared_ptr<SqlTicket> ticket, SteadyTime acquire_end,
                                                       WhenAbandoned abandoned) {
  runtime::Timer timer(ticket->executor);
  const Waiting waiting(*ticket, timer);
  if (auto refused = impl_->submit(ticket)) co_return refused;
  bool acquired = false;
  while (!ticket->done) {
    ErrorCodeSys waited;
    try {
      timer.expires_at(acquired ? ticket->deadline + kWaitForTheEnd : acquire_end);
      co_await timer.async_wait(runtime::into(waited));
    } catch (...) {  // cancelled before the wait began
      impl_->withdraw(*ticket);
      throw;
    }
    const auto how = (co_await asio::this_coro::cancellation_state).cancelled();
    const bool gone = abandoned == WhenAbandoned::Cancel && how == asio::cancellation_type::total;
    // Heard once: what follows, here and in the caller, goes its usual way.
    if (gone) co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    if (ticket->done) break;
    const bool withdrawn = !acquired && impl_->withdraw(*ticket);
    if (gone && !withdrawn) {
      impl_->abandon(ticket);
      abandoned = WhenAbandoned::Finish;
      acquired = true;
      continue;
    }
    if (gone) co_return SqlError{.kind = SqlErrorKind::NotSent, .detail = "nobody waits for it any more"};
    if (waited) {
      co_return SqlError{.kind = withdrawn ? SqlErrorKind::NotSent : SqlErrorKind::OutcomeUnknown,
                         .detail = "the caller was cancelled"};
    }
    if (withdrawn) {
      impl_->count_overloaded();
      co_return SqlError{.kind = SqlErrorKind::Overloaded, .detail = "no connection became free in time"};
    }
    if (acquired) co_return SqlError{.kind = SqlErrorKind::OutcomeUnknown, .detail = "still running at the deadline"};
    acquired = true;
  }
  co_return std::move(ticket->failure);
}

}  // namespace sallyport::storage
