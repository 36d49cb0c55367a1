#include "work_pool.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "sallyport/core/assert.hpp"

namespace sallyport::passwords {

struct WorkPool::Job {
  Job(runtime::Executor on, std::move_only_function<void()> what, Deadline by)
      : executor(on), work(std::move(what)), start_by(by) {}

  const runtime::Executor executor;
  std::move_only_function<void()> work;
  const Deadline start_by;
  runtime::Timer* waiter = nullptr;  ///< touched on the executor's thread only

  // Guarded by the pool's mutex.
  bool running = false;
  bool awaited = false;
  std::optional<Outcome> outcome;
};

/// Ends with the coroutine that waits, however that ends. After it no thread touches the coroutine's event loop any
/// more, so that the loop may be destroyed while work of its runs on.
class WorkPool::Waiting final {
 public:
  Waiting(WorkPool& pool, JobPointer job) noexcept : pool_(pool), job_(std::move(job)) {}
  ~Waiting() { pool_.leave(*job_); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  WorkPool& pool_;
  JobPointer job_;
};

WorkPool::WorkPool(std::size_t threads, std::size_t queue_max, const Clock& clock)
    : queue_max_(queue_max), clock_(clock) {
  SALLYPORT_ASSERT(threads > 0 && queue_max > 0);
  threads_.reserve(threads);
  try {
    while (threads_.size() < threads) threads_.emplace_back([this] { serve(); });
  } catch (...) {  // no more threads to be had
    stop();
    throw;
  }
}

WorkPool::~WorkPool() {
  SALLYPORT_ASSERT(threads_.empty());
}

runtime::Task<WorkPool::Outcome> WorkPool::run(std::move_only_function<void()> work, Deadline start_by) {
  const runtime::Executor executor = co_await asio::this_coro::executor;
  runtime::Timer waiter(executor);
  const auto job = std::make_shared<Job>(executor, std::move(work), start_by);
  job->waiter = &waiter;
  if (const auto refused = submit(job)) co_return *refused;
  const Waiting waiting(*this, job);
  waiter.expires_after(start_by.remaining(clock_.now()));
  for (;;) {
    ErrorCodeSys woken_or_late;
    co_await waiter.async_wait(runtime::into(woken_or_late));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (const auto outcome = look(job, state.cancelled() != asio::cancellation_type::none)) co_return *outcome;
    // What has started is waited for; what has not was early by the pool's clock.
    const auto left = start_by.remaining(clock_.now());
    if (left.count() > 0) {
      waiter.expires_after(left);
    } else {
      waiter.expires_at(SteadyTime::max());
    }
  }
}

std::optional<WorkPool::Outcome> WorkPool::submit(const JobPointer& job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Outcome::Stopped;
    if (job->start_by.expired(clock_.now())) return Outcome::Late;
    if (queue_.size() >= queue_max_) return Outcome::Full;
    queue_.push_back(job);
    job->awaited = true;
  }
  work_.notify_one();
  return std::nullopt;
}

std::optional<WorkPool::Outcome> WorkPool::look(const JobPointer& job, bool cancelled) {
  const std::lock_guard lock(mutex_);
  if (job->outcome) return job->outcome;
  if (cancelled) return Outcome::Cancelled;
  if (!job->running && job->start_by.expired(clock_.now())) return Outcome::Late;
  return std::nullopt;
}

void WorkPool::leave(Job& job) noexcept {
  job.waiter = nullptr;
  const std::lock_guard lock(mutex_);
  job.awaited = false;
  if (!job.running && !job.outcome) take_off_queue(job);
}

void WorkPool::take_off_queue(const Job& job) noexcept {
  const auto at = std::ranges::find_if(queue_, [&](const JobPointer& queued) { return queued.get() == &job; });
  if (at != queue_.end()) queue_.erase(at);
}

/// With the mutex held, which keeps the event loop alive: its coroutine cannot leave meanwhile.
void WorkPool::finish(const JobPointer& job, Outcome outcome) {
  job->running = false;
  job->outcome = outcome;
  if (!job->awaited) return;
  asio::post(job->executor, [job] {
    if (job->waiter != nullptr) job->waiter->cancel();
  });
}

void WorkPool::serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    JobPointer job = std::move(queue_.front());
    queue_.pop_front();
    if (job->start_by.expired(clock_.now())) {
      finish(job, Outcome::Late);
      continue;
    }
    job->running = true;
    lock.unlock();
    job->work();
    job->work = nullptr;  // what it owned goes with it, not with whoever lets go of the job last
    lock.lock();
    finish(job, Outcome::Ran);
  }
}

void WorkPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& job : queue_) finish(job, Outcome::Stopped);
    queue_.clear();
  }
  work_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

std::size_t WorkPool::queued() const {
  const std::lock_guard lock(mutex_);
  return queue_.size();
}

}  // namespace sallyport::passwords
