#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/rate_limit/limit_keys.hpp"
#include "sallyport/rate_limit/limiter_metrics.hpp"
#include "sallyport/rate_limit/policy.hpp"

namespace sallyport::rate_limit {

/// One policy of a plan.
struct Bucket {
  const Policy* policy = nullptr;
  std::string key_tail;  ///< of the store key, from the brace that closes the identity
  LimiterMetrics::PolicyCounters counters{};
  std::int64_t local_limit = 0;  ///< share of one instance, for when the store fails; ≥ the policy's cost
};

/// The policies of one route, compiled: built once, then immutable and shared by all threads. Refers to the policies,
/// which outlive it. Buckets of one kind of identity stand together, those of the address first.
class LimitPlan final {
 public:
  /// A run of buckets whose identity is the same.
  struct Group {
    KeyKind key = KeyKind::Address;
    std::string_view header;  ///< for KeyKind::Header
    std::uint8_t first = 0;
    std::uint8_t size = 0;
  };

  /// route_id: what names the route in store keys, for example its canonical path pattern; any bytes.
  /// Throws std::invalid_argument: more than kChargesMax policies, one of them twice, or settings out of range.
  LimitPlan(std::span<const Policy* const> policies, std::string_view route_id, const LimitSettings& settings,
            const LimiterMetrics& metrics);
  LimitPlan(const LimitPlan&) = delete;
  LimitPlan& operator=(const LimitPlan&) = delete;

  std::span<const Bucket> buckets() const noexcept { return buckets_; }
  std::span<const Group> groups() const noexcept { return groups_; }
  const std::string& key_head() const noexcept { return key_head_; }              ///< "<prefix>rl:{"
  const std::string& route_identity() const noexcept { return route_identity_; }  ///< "r:<route id>"
  unsigned ipv6_prefix() const noexcept { return ipv6_prefix_; }
  bool has_allow_lists() const noexcept { return has_allow_lists_; }
  /// Bit i: bucket i is a shadow policy, which clients are not told about.
  std::uint8_t shadow_mask() const noexcept { return shadow_mask_; }
  /// The RateLimit-Policy line with its CRLF, for the case that every policy took part; empty without policies.
  const std::string& policy_line() const noexcept { return policy_line_; }

 private:
  void add_group(std::span<const Policy* const> policies, KeyKind key, std::string_view header,
                 const std::string& route, const LimitSettings& settings, const LimiterMetrics& metrics);

  std::vector<Bucket> buckets_;
  std::vector<Group> groups_;
  std::string key_head_;
  std::string route_identity_;
  std::string policy_line_;
  unsigned ipv6_prefix_;
  bool has_allow_lists_ = false;
  std::uint8_t shadow_mask_ = 0;
};

}  // namespace sallyport::rate_limit
