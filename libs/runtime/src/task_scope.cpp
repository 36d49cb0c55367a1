#include "sallyport/runtime/task_scope.hpp"

#include <boost/asio/co_spawn.hpp>

#include "sallyport/core/assert.hpp"

namespace sallyport::runtime {

TaskScope::TaskScope(Executor executor, std::size_t limit, std::function<void(std::exception_ptr)> on_failure)
    : executor_(executor), limit_(limit), on_failure_(std::move(on_failure)), idle_(executor, SteadyTime::max()) {}

TaskScope::~TaskScope() {
  SALLYPORT_ASSERT(running_ == 0);
}

bool TaskScope::spawn(Task<> task) {
  if (running_ >= limit_) return false;
  ++running_;
  try {
    asio::co_spawn(executor_, std::move(task), [this](std::exception_ptr failure) { finished(std::move(failure)); });
  } catch (...) {  // no memory to start it with
    --running_;
    throw;
  }
  return true;
}

void TaskScope::finished(std::exception_ptr failure) {
  --running_;
  if (failure) on_failure_(std::move(failure));
  if (running_ == 0) idle_.cancel();
}

Task<> TaskScope::join() {
  while (running_ != 0) {
    ErrorCodeSys ignored;
    co_await idle_.async_wait(into(ignored));
  }
}

}  // namespace sallyport::runtime
