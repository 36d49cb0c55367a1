#pragma once

#include <cstdint>
#include <span>

namespace sallyport {

/// Source of randomness, injected so that tests are repeatable.
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) noexcept = 0;
  /// Uniform in [0, 2^64).
  std::uint64_t next() noexcept;
  /// Uniform in [0, 1).
  double uniform() noexcept { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
};

/// Fast generator (xoshiro256**) seeded from the kernel, for jitter, balancing and request ids. Not for secrets.
/// One per thread: not thread-safe.
class FastRandom final : public Random {
 public:
  FastRandom();
  explicit FastRandom(std::uint64_t seed) noexcept;
  void fill(std::span<std::uint8_t> out) noexcept override;

 private:
  std::uint64_t step() noexcept;
  std::uint64_t state_[4];
};

}  // namespace sallyport
