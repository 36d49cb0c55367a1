#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"

namespace sallyport::resilience {

/// Stops calls to something that failed `failures` times in a row, and finds out with single probes when it is back.
///
///   Closed --N failures in a row--> Open --time is up--> HalfOpen --probe succeeds--> Closed
///                                    ^------------probe fails, twice the time---------'
///
/// Every call takes a permit first and reports its result with it. Each change of state begins a new generation; the
/// result of a call that began in an older one changes nothing. Sans-I/O; not thread-safe.
class CircuitBreaker final {
 public:
  enum class State : std::uint8_t { Closed, Open, HalfOpen };

  struct Options {
    std::uint32_t failures = 5;                 ///< in a row; ≥ 1
    std::chrono::milliseconds open_min{1000};   ///< first time that it stays open; ≥ 1 ms
    std::chrono::milliseconds open_max{30000};  ///< the time doubles with each failed probe up to this, jitter included
    double jitter = 0.2;                        ///< each time is varied by up to this share, both ways; [0, 1)
  };

  /// The right to make one call.
  struct Permit {
    std::uint64_t generation = 0;
  };

  /// Asserts that the options are in range.
  explicit CircuitBreaker(Options options) noexcept;

  /// nullopt: do not call, and do not wait. When the open time is up, exactly one caller gets the probe's permit.
  std::optional<Permit> try_acquire(SteadyTime now) noexcept;
  /// true when this result closed the breaker.
  bool succeeded(Permit permit) noexcept;
  /// true when this result opened the breaker, for the first time or again.
  bool failed(Permit permit, SteadyTime now, Random& random) noexcept;
  /// The call ended without telling anything about the callee (its client left). A probe's permit goes to the next
  /// caller.
  void abandoned(Permit permit) noexcept;

  State state() const noexcept { return state_; }
  /// Until the next probe may go out; zero unless open.
  std::chrono::nanoseconds open_for(SteadyTime now) const noexcept;

 private:
  void enter(State state) noexcept;

  Options options_;
  State state_ = State::Closed;
  bool probing_ = false;
  std::uint32_t failures_ = 0;
  std::uint64_t generation_ = 0;
  std::chrono::milliseconds open_time_;
  SteadyTime open_until_{};
};

}  // namespace sallyport::resilience
