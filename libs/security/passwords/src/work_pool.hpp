#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::passwords {

/// Threads for work that blocks, with a bounded queue before them. Any number of event loops wait for it at once.
class WorkPool final {
 public:
  enum class Outcome : std::uint8_t {
    Ran,
    Full,       ///< the queue had no room
    Late,       ///< not started by the deadline
    Stopped,    ///< the pool stops
    Cancelled,  ///< the wait was cancelled; the work was taken off the queue, or runs on and nobody learns its result
  };

  WorkPool(std::size_t threads, std::size_t queue_max, const Clock& clock);
  ~WorkPool();  ///< stop() has been called
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  /// Runs `work`, which must not throw, on one of the threads and returns when it has ended. Only Ran means that it ran
  /// to its end; after Cancelled it may still be running, so it owns what it uses. Destroying the coroutine is like
  /// cancelling it. The pool must live until then; stopped is enough.
  runtime::Task<Outcome> run(std::move_only_function<void()> work, Deadline start_by);

  /// Ends what is queued with Stopped and waits for what runs.
  void stop();
  std::size_t queued() const;

 private:
  struct Job;
  class Waiting;
  using JobPointer = std::shared_ptr<Job>;

  std::optional<Outcome> submit(const JobPointer& job);
  std::optional<Outcome> look(const JobPointer& job, bool cancelled);
  void leave(Job& job) noexcept;
  void take_off_queue(const Job& job) noexcept;
  void finish(const JobPointer& job, Outcome outcome);
  void serve();

  const std::size_t queue_max_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<JobPointer> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sallyport::passwords
