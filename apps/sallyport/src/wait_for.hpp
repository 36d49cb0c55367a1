#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "sallyport/runtime/task.hpp"

namespace sallyport::app {

namespace detail {
template <class R>
runtime::Task<> store(runtime::Task<R> task, std::optional<R>& out) {
  out.emplace(co_await std::move(task));
}
}  // namespace detail

/// Runs a task to its end, on an event loop of its own.
template <class R>
R wait_for(runtime::Task<R> task) {
  asio::io_context loop(1);
  auto awake = asio::make_work_guard(loop);
  std::optional<R> result;
  std::exception_ptr failure;
  asio::co_spawn(loop, detail::store(std::move(task), result), [&](std::exception_ptr thrown) {
    failure = std::move(thrown);
    awake.reset();
  });
  loop.run();
  if (failure) std::rethrow_exception(failure);
  return *std::move(result);
}

}  // namespace sallyport::app
