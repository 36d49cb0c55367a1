#include "sallyport/core/clock.hpp"

namespace sallyport {

SteadyTime SystemClock::now() const noexcept { return std::chrono::steady_clock::now(); }
WallTime SystemClock::wall_now() const noexcept { return std::chrono::system_clock::now(); }

}  // namespace sallyport
