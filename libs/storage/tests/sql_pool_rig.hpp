#pragma once

#include <cstdint>
#include <exception>
#include <map>

#include <gtest/gtest.h>

#include "sallyport/runtime/task_scope.hpp"
#include "sallyport/storage/sql/pool.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sql_rig.hpp"

namespace sallyport::storage {

using runtime::Executor;
using runtime::Task;

/// The answers of many callers.
struct Tally {
  std::map<SqlErrorKind, int> errors;
  int good = 0;
  milliseconds slowest{0};
  void add(const SqlResult<std::int64_t>& result, milliseconds took) {
    if (result) {
      ++good;
    } else {
      ++errors[result.error().kind];
    }
    slowest = std::max(slowest, took);
  }
  int total() const {
    int sum = good;
    for (const auto& [kind, count] : errors) sum += count;
    return sum;
  }
};

inline SqlResult<std::int64_t> one(SqlSession& session) {
  auto row = session.query_one("SELECT 1");
  if (!row) return std::unexpected(row.error());
  return (*row)->integer(0);
}

template <class Work>
Task<> ask(SqlPool& pool, const Clock& clock, Tally& tally, milliseconds limit, Work work) {
  const Stopwatch watch;
  const SqlResult<std::int64_t> result = co_await pool.run(Deadline::after(clock.now(), limit), std::move(work));
  tally.add(result, watch.elapsed());
}

inline void report(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const std::exception& thrown) {
    ADD_FAILURE() << thrown.what();
  }
}

inline Task<> pause(Executor executor, milliseconds wait) {
  runtime::Timer timer(executor, wait);
  co_await timer.async_wait(runtime::use_task);
}

}  // namespace sallyport::storage
