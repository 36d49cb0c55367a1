#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sallyport::rate_limit {

/// A keyed hash: without the key nobody can choose texts that collide. The tables below hold hashes instead of texts.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Hash128&) const noexcept = default;
};

struct SipKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

/// SipHash with 128 bits of output (Aumasson, Bernstein: "SipHash: a fast short-input PRF", and its reference code).
/// 1 and 3 rounds are the usual choice for hash tables.
template <int kRounds = 1, int kFinalRounds = 3>
inline Hash128 siphash128(SipKey key, std::string_view text) noexcept {
  std::uint64_t v0 = 0x736f6d6570736575U ^ key.k0;
  std::uint64_t v1 = 0x646f72616e646f6dU ^ key.k1 ^ 0xeeU;
  std::uint64_t v2 = 0x6c7967656e657261U ^ key.k0;
  std::uint64_t v3 = 0x7465646279746573U ^ key.k1;
  const auto rounds = [&](int n) {
    for (int i = 0; i < n; ++i) {
      v0 += v1;
      v2 += v3;
      v1 = std::rotl(v1, 13) ^ v0;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 = std::rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = std::rotl(v1, 17) ^ v2;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 = std::rotl(v2, 32);
    }
  };
  const auto absorb = [&](std::uint64_t word) {
    v3 ^= word;
    rounds(kRounds);
    v0 ^= word;
  };
  static_assert(std::endian::native == std::endian::little);
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    absorb(word);
  }
  std::uint64_t last = 0;
  if (left != 0) std::memcpy(&last, at, left);
  absorb(last | (static_cast<std::uint64_t>(text.size()) << 56U));
  Hash128 out;
  v2 ^= 0xeeU;
  rounds(kFinalRounds);
  out.low = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xddU;
  rounds(kFinalRounds);
  out.high = v0 ^ v1 ^ v2 ^ v3;
  return out;
}

}  // namespace sallyport::rate_limit
