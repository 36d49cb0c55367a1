#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "sallyport/runtime/task.hpp"

namespace sallyport::testing {

namespace detail {

template <class T>
struct TaskValue;
template <class T>
struct TaskValue<runtime::Task<T>> {
  using type = T;
};

/// Ends the whole test program: a task that hangs cannot be unwound safely.
[[noreturn]] inline void task_hangs() {
  std::fputs("run_task: the task did not end in time\n", stderr);
  std::abort();
}

inline void run_until(asio::io_context& loop, const bool& done, std::chrono::seconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done) {
    if (loop.run_one_until(end) == 0) task_hangs();
  }
  loop.poll();
}

}  // namespace detail

/// Runs make(executor, arguments…), a Task<T>, to its end on `loop` and returns its value; what it throws comes out
/// here. Handlers that are ready when it ends are run as well. A task that takes longer than 30 s aborts the program.
/// make and the arguments live until the task has ended, so the coroutine may refer to them.
template <class Make, class... Arguments>
auto run_task_on(asio::io_context& loop, Make&& make, Arguments&&... arguments) {
  using Task = std::invoke_result_t<Make&, runtime::Executor, Arguments&...>;
  using T = typename detail::TaskValue<Task>::type;
  constexpr std::chrono::seconds kLimit{30};
  bool done = false;
  std::exception_ptr failure;
  Task task = std::invoke(make, loop.get_executor(), arguments...);
  if constexpr (std::is_void_v<T>) {
    asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown) {
      failure = std::move(thrown);
      done = true;
    });
    detail::run_until(loop, done, kLimit);
    if (failure) std::rethrow_exception(failure);
  } else {
    std::optional<T> value;
    asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown, T result) {
      failure = std::move(thrown);
      if (!failure) value.emplace(std::move(result));
      done = true;
    });
    detail::run_until(loop, done, kLimit);
    if (failure) std::rethrow_exception(failure);
    return *std::move(value);
  }
}

/// The same on a fresh event loop.
template <class Make, class... Arguments>
auto run_task(Make&& make, Arguments&&... arguments) {
  asio::io_context loop(1);
  return run_task_on(loop, std::forward<Make>(make), std::forward<Arguments>(arguments)...);
}

}  // namespace sallyport::testing
