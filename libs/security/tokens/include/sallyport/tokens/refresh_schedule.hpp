#pragma once

#include <chrono>

#include "sallyport/core/clock.hpp"

namespace sallyport::tokens {

/// When to fetch a key set again. Without I/O and without a clock of its own.
class RefreshSchedule final {
 public:
  struct Options {
    std::chrono::milliseconds every{60'000};            ///< in the background
    std::chrono::milliseconds unknown_kid_gap{60'000};  ///< between two fetches that unknown kids may cause
    std::chrono::milliseconds first_retry{500};         ///< before the first success, doubling up to `every`
  };

  RefreshSchedule(Options options, SteadyTime now) noexcept;

  /// The next fetch is due then; now or earlier: at once.
  SteadyTime due() const noexcept { return due_; }
  void succeeded(SteadyTime now) noexcept;
  void failed(SteadyTime now) noexcept;
  /// A token named a key that is not loaded. true: this call has brought the next fetch forward to now. A caller that
  /// makes up kids cannot cause more than one fetch in `unknown_kid_gap`.
  bool unknown_kid(SteadyTime now) noexcept;

 private:
  Options options_;
  SteadyTime due_;
  SteadyTime unknown_allowed_;
  std::chrono::milliseconds retry_;
  bool loaded_ = false;
};

}  // namespace sallyport::tokens
