#include "sallyport/api_gateway/limit_catalog.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "routing/router.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Method;
using rate_limit::LimitCatalog;

constexpr std::array kMethods = {Method::Get,   Method::Head,   Method::Post,    Method::Put,
                                 Method::Patch, Method::Delete, Method::Options, Method::Query};

/// Asks the router with a request of every sort, so that the catalog cannot say anything else than what is limited.
class Collector final {
 public:
  explicit Collector(const Config& config) : config_(config), router_(config) {}

  void add(std::string_view match_key) {
    for (const Method method : kMethods) {
      const Lookup lookup = router_.find(match_key, method);
      add(lookup.policies, lookup.bucket);
      add(lookup.user_policies, lookup.bucket);
    }
  }
  /// In the order of the policies.
  std::vector<LimitCatalog::Use> uses() const {
    std::vector<LimitCatalog::Use> out;
    for (std::size_t i = 0; i < config_.rate_limits.size(); ++i) {
      std::ranges::copy_if(uses_, std::back_inserter(out), [i](const auto& use) { return use.policy == i; });
    }
    return out;
  }

 private:
  void add(PolicyList policies, std::string_view bucket) {
    for (const rate_limit::Policy* policy : policies) {
      const auto index = static_cast<std::size_t>(policy - config_.rate_limits.data());
      const std::string route(rate_limit::counts_each_route(*policy) ? bucket : std::string_view());
      const bool known =
          std::ranges::any_of(uses_, [&](const auto& use) { return use.policy == index && use.route == route; });
      if (!known) uses_.push_back({index, route});
    }
  }

  const Config& config_;
  Router router_;
  std::vector<LimitCatalog::Use> uses_;
};

}  // namespace

LimitCatalog limit_catalog(const Config& config) {
  Collector collector(config);
  collector.add("");  // a path that no route takes
  for (const std::string& path : canonical_auth_paths()) collector.add(path);
  for (const RouteConfig& route : config.routes) {
    // Of a prefix route also a path below that no other pattern can be for: no canonical path has such a byte.
    if (route.prefix) collector.add((route.path == "/" ? "" : route.path) + "/\x01");
    collector.add(route.path);
  }
  return {.settings = {config.redis_key_prefix, config.ipv6_prefix, config.instances},
          .issuer = config.issuer,
          .policies = config.rate_limits,
          .uses = collector.uses()};
}

}  // namespace sallyport::api_gateway
