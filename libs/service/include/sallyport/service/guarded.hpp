#pragma once

#include <exception>
#include <utility>

#include "sallyport/core/error.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::service {

/// A run of a background job, with an exception as the error that it is: the next run still comes.
inline runtime::Task<Result<void>> guarded(runtime::Task<Result<void>> run) {
  try {
    co_return co_await std::move(run);
  } catch (const std::exception& thrown) {
    co_return fail(ErrorCode::InternalError, thrown.what());
  }
}

}  // namespace sallyport::service
