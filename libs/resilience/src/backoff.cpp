#include "sallyport/resilience/backoff.hpp"

#include <algorithm>

#include "sallyport/core/assert.hpp"

namespace sallyport::resilience {

Backoff::Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap) noexcept
    : base_(base), cap_(cap), ceiling_(base) {
  SALLYPORT_ASSERT(base.count() >= 1 && cap >= base);
}

std::chrono::milliseconds Backoff::next(Random& random) noexcept {
  const auto wait = static_cast<std::int64_t>(random.uniform() * (static_cast<double>(ceiling_.count()) + 1.0));
  const std::chrono::milliseconds result(std::min(wait, ceiling_.count()));
  // Compared before doubling, so that no cap can overflow it.
  ceiling_ = ceiling_ > cap_ / 2 ? cap_ : ceiling_ * 2;
  return result;
}

}  // namespace sallyport::resilience
