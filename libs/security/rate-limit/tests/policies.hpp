#pragma once

#include <chrono>
#include <string>

#include "sallyport/rate_limit/policy.hpp"
#include "sallyport/rate_limit/store.hpp"

namespace sallyport::rate_limit::test {

inline Policy fixed(std::string name, std::int64_t limit, std::chrono::milliseconds window) {
  Policy policy;
  policy.name = std::move(name);
  policy.limit = limit;
  policy.window = window;
  return policy;
}

inline Policy sliding(std::string name, std::int64_t limit, std::chrono::milliseconds window) {
  Policy policy = fixed(std::move(name), limit, window);
  policy.algorithm = Algorithm::Sliding;
  return policy;
}

inline Policy gcra(std::string name, std::int64_t limit, std::chrono::milliseconds window, std::int64_t burst) {
  Policy policy = fixed(std::move(name), limit, window);
  policy.algorithm = Algorithm::Gcra;
  policy.burst = burst;
  return policy;
}

inline Charge charge(const Policy& policy, std::string_view key) {
  return {&policy, key, policy.cost, policy.limit};
}
inline Charge charge(const Policy& policy, std::string_view key, std::int64_t cost) {
  return {&policy, key, cost, policy.limit};
}

}  // namespace sallyport::rate_limit::test
