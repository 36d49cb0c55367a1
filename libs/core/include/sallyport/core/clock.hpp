#pragma once

#include <chrono>

namespace sallyport {

using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::system_clock::time_point;

/// Source of time, injected so that tests can move it by hand. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Monotonic time, for durations and deadlines.
  virtual SteadyTime now() const noexcept = 0;
  /// The same time, up to 10 ms late, for a third of the cost: for deadlines that a sweep watches.
  virtual SteadyTime coarse_now() const noexcept { return now(); }
  /// Calendar time, for people and protocols only.
  virtual WallTime wall_now() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime now() const noexcept override;
  SteadyTime coarse_now() const noexcept override;
  WallTime wall_now() const noexcept override;
};

}  // namespace sallyport
