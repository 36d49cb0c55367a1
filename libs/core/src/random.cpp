#include "sallyport/core/random.hpp"

#include <bit>
#include <cstring>

#include <openssl/rand.h>

#include "sallyport/core/assert.hpp"

namespace sallyport {

std::uint64_t Random::next() noexcept {
  std::uint64_t value = 0;
  std::uint8_t bytes[sizeof value];
  fill(bytes);
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

FastRandom::FastRandom() {
  unsigned char seed[sizeof state_];
  SALLYPORT_ASSERT(RAND_bytes(seed, sizeof seed) == 1);
  std::memcpy(state_, seed, sizeof state_);
}

FastRandom::FastRandom(std::uint64_t seed) noexcept {
  // splitmix64, as the authors of xoshiro recommend for seeding.
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15U;
    std::uint64_t z = seed;
    z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
    word = z ^ (z >> 31U);
  }
}

std::uint64_t FastRandom::step() noexcept {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

void FastRandom::fill(std::span<std::uint8_t> out) noexcept {
  while (!out.empty()) {
    const std::uint64_t word = step();
    const std::size_t n = out.size() < sizeof word ? out.size() : sizeof word;
    std::memcpy(out.data(), &word, n);
    out = out.subspan(n);
  }
}

}  // namespace sallyport
