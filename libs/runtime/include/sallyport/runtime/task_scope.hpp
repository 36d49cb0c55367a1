#pragma once

#include <cstddef>
#include <exception>
#include <functional>

#include "sallyport/core/clock.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::runtime {

/// Owns the coroutines that it spawns: at most `limit` at once, and whoever owns the scope joins it before what the
/// coroutines refer to goes away. Stopping them is the business of their owner (close the socket, cancel the timer).
/// Lives on one thread.
class TaskScope final {
 public:
  /// on_failure is called for an exception that escapes a task: a bug, or memory that ran out.
  TaskScope(Executor executor, std::size_t limit, std::function<void(std::exception_ptr)> on_failure);
  ~TaskScope();  ///< asserts that nothing runs any more
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

  /// false, and the task is dropped unstarted, when `limit` tasks run.
  bool spawn(Task<> task);
  std::size_t running() const noexcept { return running_; }
  /// Waits until no task runs. Cancellation leaves the tasks as they are.
  Task<> join();

 private:
  void finished(std::exception_ptr failure);

  Executor executor_;
  std::size_t limit_;
  std::size_t running_ = 0;
  std::function<void(std::exception_ptr)> on_failure_;
  Timer idle_;  ///< never expires by itself; cancelled when the last task ends
};

}  // namespace sallyport::runtime
