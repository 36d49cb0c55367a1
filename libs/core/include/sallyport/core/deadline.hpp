#pragma once

#include <algorithm>
#include <chrono>

#include "sallyport/core/clock.hpp"

namespace sallyport {

/// A point in monotonic time after which a wait gives up. Every wait in the program has one.
class Deadline {
 public:
  constexpr explicit Deadline(SteadyTime at) noexcept : at_(at) {}
  static constexpr Deadline after(SteadyTime now, std::chrono::nanoseconds wait) noexcept {
    return Deadline(now + std::chrono::duration_cast<SteadyTime::duration>(wait));
  }

  constexpr SteadyTime at() const noexcept { return at_; }
  constexpr bool expired(SteadyTime now) const noexcept { return now >= at_; }
  /// Zero once expired.
  constexpr std::chrono::nanoseconds remaining(SteadyTime now) const noexcept {
    return expired(now) ? std::chrono::nanoseconds::zero() : std::chrono::nanoseconds(at_ - now);
  }
  constexpr Deadline sooner(Deadline other) const noexcept { return Deadline(std::min(at_, other.at_)); }

 private:
  SteadyTime at_;
};

}  // namespace sallyport
