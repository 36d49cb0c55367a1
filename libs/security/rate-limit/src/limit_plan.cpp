#include "sallyport/rate_limit/limit_plan.hpp"

#include <algorithm>
#include <stdexcept>

#include "charge_math.hpp"
#include "sallyport/rate_limit/verdict.hpp"

namespace sallyport::rate_limit {
namespace {

constexpr std::size_t kPrefixMax = 32;

/// Parts that one instance enforces alone; never so few that a request could not pass at all.
std::int64_t local_share(const Policy& policy, std::int64_t instances) noexcept {
  return std::max(policy.cost, ceil_div(policy.limit, instances));
}

void check(std::span<const Policy* const> policies, const LimitSettings& settings) {
  if (policies.size() > kChargesMax) throw std::invalid_argument("rate limits: more than 8 policies on one route");
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const Policy& policy = *policies[i];
    if (policy.limit < 1 || policy.cost < 1 || policy.cost > policy.limit || policy.window.count() < 1) {
      throw std::invalid_argument("rate limits: policy " + policy.name + " is out of range");
    }
    if (policy.count == Count::Failures && policy.algorithm != Algorithm::Fixed) {
      throw std::invalid_argument("rate limits: policy " + policy.name + ": count: failures needs algorithm fixed");
    }
    if (policy.key == KeyKind::Header && policy.header.empty()) {
      throw std::invalid_argument("rate limits: policy " + policy.name + " names no header");
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (policies[j]->name == policy.name) {
        throw std::invalid_argument("rate limits: policy " + policy.name + " stands twice on one route");
      }
    }
  }
  // A brace would move the identity out of the place that Redis Cluster hashes.
  if (settings.key_prefix.size() > kPrefixMax || settings.key_prefix.find_first_of("{}") != std::string::npos) {
    throw std::invalid_argument("rate limits: the key prefix is longer than 32 bytes or has a brace");
  }
  if (settings.ipv6_prefix < 1 || settings.ipv6_prefix > 128 || settings.instances < 1) {
    throw std::invalid_argument("rate limits: ipv6_prefix or instances is out of range");
  }
}

}  // namespace

LimitPlan::LimitPlan(std::span<const Policy* const> policies, std::string_view route_id, const LimitSettings& settings,
                     const LimiterMetrics& metrics)
    : ipv6_prefix_(settings.ipv6_prefix) {
  check(policies, settings);
  key_head_ = rate_limit::key_head(settings);
  const std::string route = encode_route_id(route_id);
  route_identity_ = "r:" + route;
  buckets_.reserve(policies.size());
  add_group(policies, KeyKind::Address, {}, route, settings, metrics);
  for (const Policy* policy : policies) {
    const bool seen = std::ranges::any_of(
        groups_, [&](const Group& group) { return group.key == KeyKind::Header && group.header == policy->header; });
    if (policy->key == KeyKind::Header && !seen) {
      add_group(policies, KeyKind::Header, policy->header, route, settings, metrics);
    }
  }
  add_group(policies, KeyKind::User, {}, route, settings, metrics);
  add_group(policies, KeyKind::Route, {}, route, settings, metrics);

  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    const Policy& policy = *buckets_[i].policy;
    if (policy.shadow) shadow_mask_ |= static_cast<std::uint8_t>(1U << i);
    has_allow_lists_ = has_allow_lists_ || !policy.allow_list.empty();
  }
  append_policy_line(policy_line_, *this, shadow_mask_);
}

void LimitPlan::add_group(std::span<const Policy* const> policies, KeyKind key, std::string_view header,
                          const std::string& route, const LimitSettings& settings, const LimiterMetrics& metrics) {
  Group group{.key = key, .header = header, .first = static_cast<std::uint8_t>(buckets_.size())};
  for (const Policy* policy : policies) {
    if (policy->key != key || (key == KeyKind::Header && policy->header != header)) continue;
    buckets_.push_back(
        {policy, key_tail(*policy, route), metrics.of(policy->name), local_share(*policy, settings.instances)});
    ++group.size;
  }
  if (group.size != 0) groups_.push_back(group);
}

}  // namespace sallyport::rate_limit
