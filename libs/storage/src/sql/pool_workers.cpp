#include "sql/pool_workers.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

namespace sallyport::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kWatchdogPeriod{250};
/// A connection whose request to cancel takes longer is given up: it could hit the next one's statement.
constexpr milliseconds kCancelLimit{500};

}  // namespace

SteadyTime::duration recycle_age(std::chrono::minutes after, double uniform) noexcept {
  return std::chrono::duration_cast<SteadyTime::duration>(after * (0.9 + 0.2 * uniform));
}

SqlPool::Impl::Impl(SqlPoolOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {
  workers_.reserve(options_.connections_max);
  idle_.reserve(options_.connections_max);
  try {
    for (std::size_t i = 0; i < options_.connections_max; ++i) {
      Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
      worker.thread = std::thread([this, &worker] { work(worker); });
    }
    watchdog_ = std::thread([this] { watch(); });
  } catch (...) {  // no thread to be had: those that run must end before they are destroyed
    stop();
    throw;
  }
}

std::optional<SqlError> SqlPool::Impl::submit(const std::shared_ptr<SqlTicket>& ticket) {
  const Lock lock(mutex_);
  if (stopping_) return SqlError{.kind = SqlErrorKind::NotSent, .detail = "the pool has stopped"};
  if (statistics_.open == 0 && steady_clock::now() < retry_at_) return last_failure_;
  if (queue_.size() >= options_.waiting_max) {
    ++statistics_.overloaded;
    return SqlError{.kind = SqlErrorKind::Overloaded, .detail = "too many callers wait for a connection"};
  }
  ticket->queued = queue_.insert(queue_.end(), ticket);
  ticket->place = SqlTicket::Place::Queued;
  call_one();
  return std::nullopt;
}

bool SqlPool::Impl::withdraw(SqlTicket& ticket) {
  std::shared_ptr<SqlTicket> kept;  // its end is not for under the lock
  const Lock lock(mutex_);
  if (ticket.place != SqlTicket::Place::Queued) return false;
  ticket.place = SqlTicket::Place::Gone;
  kept = std::move(*ticket.queued);
  queue_.erase(ticket.queued);
  return true;
}

void SqlPool::Impl::abandon(const std::shared_ptr<SqlTicket>& ticket) {
  const Lock lock(mutex_);
  if (ticket->place != SqlTicket::Place::Running) return;
  ++statistics_.abandoned;
  if (auto cancel = ticket->session->abandon()) ticket->cancel = canceller_.send(std::move(cancel));
}

void SqlPool::Impl::count_overloaded() {
  const Lock lock(mutex_);
  ++statistics_.overloaded;
}

SqlPool::Statistics SqlPool::Impl::statistics() const {
  const Lock lock(mutex_);
  Statistics now = statistics_;
  now.waiting = queue_.size();
  return now;
}

void SqlPool::Impl::stop() noexcept {
  {
    const Lock lock(mutex_);
    stopping_ = true;
    fail_queued({.kind = SqlErrorKind::NotSent, .detail = "the pool has stopped"});
    for (const auto& worker : workers_) worker->called.notify_one();
  }
  // The watchdog outlasts the workers: it is what ends a call into a dead server.
  for (const auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
  watchdog_stop_.notify_one();
  if (watchdog_.joinable()) watchdog_.join();
}

bool SqlPool::Impl::enter() noexcept {
  const Lock lock(mutex_);
  if (!may_connect(steady_clock::now())) return false;
  ++connecting_;
  return true;
}

void SqlPool::Impl::leave() noexcept {
  const Lock lock(mutex_);
  --connecting_;
  call_one();
}

void SqlPool::Impl::work(Worker& worker) {
  Lock lock(mutex_);
  while (!stopping_) {
    if (queue_.empty()) {
      rest(worker, lock);
    } else if (worker.session && !worker.session->usable()) {
      ++statistics_.lost;
      discard(worker, lock);
    } else if (worker.session) {
      serve(worker, lock);
    } else if (connecting_ < queue_.size() && may_connect(steady_clock::now())) {
      connect(worker, lock);
    } else {
      if (statistics_.open == 0 && connecting_ == 0) fail_queued(last_failure_);
      rest(worker, lock);
    }
  }
  if (worker.session) discard(worker, lock);
}

void SqlPool::Impl::rest(Worker& worker, Lock& lock) {
  worker.wake = false;
  idle_.insert(worker.session ? idle_.end() : idle_.begin(), &worker);
  worker.called.wait(lock, [&] { return worker.wake || stopping_; });
  std::erase(idle_, &worker);
}

/// Wakes one worker for the queue, if there is one that could do something.
void SqlPool::Impl::call_one() {
  if (queue_.empty() || idle_.empty()) return;
  Worker& worker = *idle_.back();
  if (!worker.session && (connecting_ >= queue_.size() || !may_connect(steady_clock::now()))) return;
  idle_.pop_back();
  worker.wake = true;
  worker.called.notify_one();
}

void SqlPool::Impl::connect(Worker& worker, Lock& lock) {
  ++connecting_;
  lock.unlock();
  auto opened = SqlSession::open(options_.url, options_.limits);
  lock.lock();
  --connecting_;
  const SteadyTime now = steady_clock::now();
  if (opened) {
    worker.session = *std::move(opened);
    worker.session->set_reconnect_gate(*this);
    if (options_.statement_log != nullptr) worker.session->set_statement_log(*options_.statement_log);
    worker.recycle_at = now + recycle_age(options_.recycle_after, random_.uniform());
    ++statistics_.open;
    ++statistics_.connected;
    failures_in_a_row_ = 0;
    retry_at_ = SteadyTime::min();
  } else {
    ++statistics_.connect_failures;
    last_failure_ = std::move(opened.error());
    const std::uint32_t doublings = std::min(failures_in_a_row_++, 10U);
    const milliseconds most = std::min(options_.reconnect_max, options_.reconnect_min * (1U << doublings));
    retry_at_ = now + std::chrono::duration_cast<steady_clock::duration>(most * (0.5 + 0.5 * random_.uniform()));
  }
  call_one();
}

void SqlPool::Impl::serve(Worker& worker, Lock& lock) {
  std::shared_ptr<SqlTicket> ticket = std::move(queue_.front());
  queue_.pop_front();
  ticket->place = SqlTicket::Place::Running;
  ticket->session = worker.session.get();
  ++statistics_.busy;
  ++statistics_.jobs;
  worker.session->set_deadline(ticket->deadline);  // under the lock: from here on the work can be abandoned
  lock.unlock();
  ticket->job->run(*worker.session);
  bool whole = worker.session->clean();
  lock.lock();
  ticket->place = SqlTicket::Place::Gone;
  ticket->session = nullptr;
  if (ticket->cancel) {
    lock.unlock();
    whole = canceller_.settle(ticket->cancel, kCancelLimit) && whole;
    lock.lock();
  }
  --statistics_.busy;
  // Under the lock: a caller who asks again at once finds this worker at rest, and no other opens a connection for it.
  finish(std::move(ticket), std::nullopt);
  if (!whole) {
    ++statistics_.lost;
    discard(worker, lock);
  } else if (steady_clock::now() >= worker.recycle_at) {
    ++statistics_.recycled;
    discard(worker, lock);
  }
}

void SqlPool::Impl::discard(Worker& worker, Lock& lock) {
  --statistics_.open;
  std::unique_ptr<SqlSession> old = std::move(worker.session);
  lock.unlock();
  old.reset();
  lock.lock();
}

void SqlPool::Impl::fail_queued(const SqlError& error) {
  while (!queue_.empty()) {
    queue_.front()->place = SqlTicket::Place::Gone;
    finish(std::move(queue_.front()), error);
    queue_.pop_front();
  }
}

/// The ticket goes to the loop's thread with the message: the job's own values end where its caller lives.
void SqlPool::Impl::finish(std::shared_ptr<SqlTicket> ticket, std::optional<SqlError> failure) {
  ticket->failure = std::move(failure);
  const runtime::Executor executor = ticket->executor;
  asio::post(executor, [ticket = std::move(ticket)] {
    ticket->done = true;
    if (ticket->waiting != nullptr) ticket->waiting->cancel();
  });
}

void SqlPool::Impl::watch() {
  Lock lock(mutex_);
  for (;;) {
    watchdog_stop_.wait_for(lock, kWatchdogPeriod);
    bool running = !stopping_;
    for (const auto& worker : workers_) {
      if (!worker->session) continue;
      running = true;
      worker->session->break_if_overdue(steady_clock::now());
    }
    if (!running && connecting_ == 0) return;
  }
}

}  // namespace sallyport::storage
