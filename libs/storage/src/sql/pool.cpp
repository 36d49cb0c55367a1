#include "sallyport/storage/sql/pool.hpp"

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

runtime::Task<std::optional<SqlError>> SqlPool::dispatch(std::shared_ptr<SqlJob> job, Deadline deadline) {
  runtime::Timer timer(co_await asio::this_coro::executor);
  // The caller's clock may be a test's; threads and timers have the system's.
  const SteadyTime start = steady_clock::now();
  const auto remaining = deadline.remaining(impl_->clock().now());
  if (remaining == std::chrono::nanoseconds::zero()) {
    co_return SqlError{.kind = SqlErrorKind::Timeout, .detail = "the deadline is over"};
  }
  const SteadyTime end =
      Deadline::after(start, std::min<std::chrono::nanoseconds>(remaining, std::chrono::hours(1))).at();
  const SteadyTime acquire_end = std::min(end, start + impl_->options().acquire);

  auto ticket = std::make_shared<SqlTicket>(SqlTicket{
      .job = std::move(job), .executor = timer.get_executor(), .deadline = end, .failure = std::nullopt, .queued = {}});
  const Waiting waiting(*ticket, timer);
  if (auto refused = impl_->submit(ticket)) co_return refused;

  bool acquired = false;
  while (!ticket->done) {
    ErrorCodeSys waited;
    try {
      timer.expires_at(acquired ? end + kWaitForTheEnd : acquire_end);
      co_await timer.async_wait(runtime::into(waited));
    } catch (...) {  // cancelled before the wait began
      impl_->withdraw(*ticket);
      throw;
    }
    if (ticket->done) break;
    const bool withdrawn = !acquired && impl_->withdraw(*ticket);
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
