#pragma once

#include <atomic>
#include <chrono>

#include "sallyport/core/clock.hpp"

namespace sallyport::testing {

/// A clock that stands still until it is moved. Monotonic and calendar time move together. Thread-safe.
class FakeClock final : public Clock {
 public:
  /// Monotonic time starts at one hour, so that "earlier" exists; calendar time at 2026-01-01T00:00:00Z.
  explicit FakeClock(std::chrono::seconds wall_since_epoch = std::chrono::seconds(1'767'225'600)) noexcept
      : wall_start_(wall_since_epoch) {}

  SteadyTime now() const noexcept override {
    return SteadyTime(std::chrono::duration_cast<SteadyTime::duration>(std::chrono::hours(1) + passed()));
  }
  WallTime wall_now() const noexcept override {
    return WallTime(std::chrono::duration_cast<WallTime::duration>(wall_start_ + passed()));
  }
  void advance(std::chrono::nanoseconds by) noexcept { passed_.fetch_add(by.count(), std::memory_order_relaxed); }

 private:
  std::chrono::nanoseconds passed() const noexcept {
    return std::chrono::nanoseconds(passed_.load(std::memory_order_relaxed));
  }
  std::chrono::nanoseconds wall_start_;
  std::atomic<std::int64_t> passed_{0};
};

}  // namespace sallyport::testing
