#include "sallyport/core/clock.hpp"

#include <ctime>

namespace sallyport {

SteadyTime SystemClock::now() const noexcept {
  return std::chrono::steady_clock::now();
}

SteadyTime SystemClock::coarse_now() const noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return SteadyTime(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

WallTime SystemClock::wall_now() const noexcept {
  return std::chrono::system_clock::now();
}

}  // namespace sallyport
