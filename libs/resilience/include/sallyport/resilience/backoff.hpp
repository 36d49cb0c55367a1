#pragma once

#include <chrono>

#include "sallyport/core/random.hpp"

namespace sallyport::resilience {

/// How long to wait before the next try: uniform between zero and a ceiling that doubles with every try ("full
/// jitter"), so that many clients of one broken server do not come back together. A plain value; not thread-safe.
class Backoff final {
 public:
  /// base: ceiling of the first wait, ≥ 1 ms; cap: highest ceiling, ≥ base. Asserts both.
  Backoff(std::chrono::milliseconds base, std::chrono::milliseconds cap) noexcept;

  /// The next wait, in [0, ceiling], and doubles the ceiling.
  std::chrono::milliseconds next(Random& random) noexcept;
  /// After a success: the next wait is a short one again.
  void reset() noexcept { ceiling_ = base_; }
  /// Upper bound of the next wait.
  std::chrono::milliseconds ceiling() const noexcept { return ceiling_; }

 private:
  std::chrono::milliseconds base_;
  std::chrono::milliseconds cap_;
  std::chrono::milliseconds ceiling_;
};

}  // namespace sallyport::resilience
