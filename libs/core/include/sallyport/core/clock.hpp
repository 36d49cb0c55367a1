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
  /// Calendar time, for people and protocols only.
  virtual WallTime wall_now() const noexcept = 0;
};

class SystemClock final : public Clock {
 public:
  SteadyTime now() const noexcept override;
  WallTime wall_now() const noexcept override;
};

}  // namespace sallyport
