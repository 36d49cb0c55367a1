#include "sallyport/resilience/circuit_breaker.hpp"

#include <algorithm>

#include "sallyport/core/assert.hpp"

namespace sallyport::resilience {

CircuitBreaker::CircuitBreaker(Options options) noexcept : options_(options), open_time_(options.open_min) {
  SALLYPORT_ASSERT(options.failures >= 1 && options.open_min.count() >= 1 && options.open_max >= options.open_min);
  SALLYPORT_ASSERT(options.jitter >= 0.0 && options.jitter < 1.0);
}

std::optional<CircuitBreaker::Permit> CircuitBreaker::try_acquire(SteadyTime now) noexcept {
  if (state_ == State::Closed) return Permit{generation_};
  if (state_ == State::Open) {
    if (now < open_until_) return std::nullopt;
    enter(State::HalfOpen);
  }
  if (probing_) return std::nullopt;
  probing_ = true;
  return Permit{generation_};
}

bool CircuitBreaker::succeeded(Permit permit) noexcept {
  if (permit.generation != generation_) return false;
  failures_ = 0;
  if (state_ == State::Closed) return false;
  open_time_ = options_.open_min;
  enter(State::Closed);
  return true;
}

bool CircuitBreaker::failed(Permit permit, SteadyTime now, Random& random) noexcept {
  if (permit.generation != generation_) return false;
  if (state_ == State::Closed && ++failures_ < options_.failures) return false;
  const double share = 1.0 + options_.jitter * (2.0 * random.uniform() - 1.0);
  const auto varied = static_cast<std::int64_t>(static_cast<double>(open_time_.count()) * share);
  open_until_ = now + std::clamp(std::chrono::milliseconds(varied), std::chrono::milliseconds(1), options_.open_max);
  open_time_ = open_time_ > options_.open_max / 2 ? options_.open_max : open_time_ * 2;
  enter(State::Open);
  return true;
}

void CircuitBreaker::abandoned(Permit permit) noexcept {
  if (permit.generation == generation_) probing_ = false;
}

std::chrono::nanoseconds CircuitBreaker::open_for(SteadyTime now) const noexcept {
  if (state_ != State::Open || now >= open_until_) return std::chrono::nanoseconds::zero();
  return open_until_ - now;
}

void CircuitBreaker::enter(State state) noexcept {
  state_ = state;
  ++generation_;
  failures_ = 0;
  probing_ = false;
}

}  // namespace sallyport::resilience
