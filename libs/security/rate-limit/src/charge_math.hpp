#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sallyport/rate_limit/store.hpp"

namespace sallyport::rate_limit {

/// ⌈a / b⌉ for a ≥ 0, b > 0.
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) noexcept {
  return a / b + (a % b != 0 ? 1 : 0);
}

/// GCRA in µs: one charge is worth one_us, a request adds increment_us, and may run at most tolerance_us ahead.
struct GcraNumbers {
  std::int64_t one_us;
  std::int64_t increment_us;
  std::int64_t tolerance_us;
};

/// How many charges can stand at once: the limit, for GCRA the burst (in proportion when only a share of the limit
/// holds).
inline std::int64_t capacity(const Charge& charge) noexcept {
  const Policy& policy = *charge.policy;
  if (policy.algorithm != Algorithm::Gcra) return charge.limit;
  std::int64_t burst = policy.burst > 0 ? policy.burst : policy.limit;
  if (charge.limit != policy.limit && policy.limit > 0) {
    const double share = static_cast<double>(charge.limit) / static_cast<double>(policy.limit);
    burst = static_cast<std::int64_t>(std::ceil(static_cast<double>(burst) * share));
  }
  return std::max(burst, charge.cost);
}

inline GcraNumbers gcra_numbers(const Charge& charge) noexcept {
  // Lua counts in doubles: nothing that is added to a time in µs may come near 2^53.
  static constexpr std::int64_t kMost = std::int64_t{1} << 52U;
  const auto product = [](std::int64_t a, std::int64_t b) {
    std::int64_t out = 0;
    return __builtin_mul_overflow(a, b, &out) ? kMost : (out < kMost ? out : kMost);
  };
  const std::int64_t window_us = product(charge.policy->window.count(), 1000);
  const std::int64_t one = std::max<std::int64_t>(1, ceil_div(window_us, std::max<std::int64_t>(1, charge.limit)));
  return {one, product(one, charge.cost), product(one, capacity(charge))};
}

}  // namespace sallyport::rate_limit
