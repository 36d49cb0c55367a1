#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/net/http/message.hpp"
#include "sallyport/rate_limit/policy.hpp"

namespace sallyport::api_gateway {

/// Paths that the gateway answers itself, without rate limits.
enum class InternalRoute : std::uint8_t { None, Health, Ready, Metrics };

/// Who answers a route that is none of them.
enum class RouteTarget : std::uint8_t { Upstream, GatewayStatus };

using PolicyList = std::span<const rate_limit::Policy* const>;

/// Where a request goes.
struct Route {
  std::string_view id;                  ///< names the route in logs, metrics and store keys; static or the Config's
  const RouteConfig* config = nullptr;  ///< nullptr for an internal route
  std::size_t index = 0;                ///< into Router::configs(); meaningless for an internal route
  std::size_t upstream = 0;             ///< into Config::upstreams; meaningless for an internal route and kStatusPath
  RouteTarget target = RouteTarget::Upstream;
  InternalRoute internal = InternalRoute::None;
  Role role = Role::Any;
  Revocation revocation = Revocation::Lenient;
  const SchemaConfig* schema = nullptr;   ///< what requests are held to; nullptr: nothing
  std::vector<std::size_t> issuers = {};  ///< into Config::issuers: whose tokens count beside our own
};

enum class LookupOutcome : std::uint8_t { NotFound, MethodNotAllowed, Found };

/// What the router knows about a request. All views live as long as the router and its Config.
struct Lookup {
  LookupOutcome outcome = LookupOutcome::NotFound;
  const Route* route = nullptr;    ///< when Found
  std::string_view allow;          ///< when MethodNotAllowed: value of the Allow field (RFC 9110 section 10.2.1)
  AuthMode auth = AuthMode::None;  ///< the route's, when Found
  /// What limits the request before it is known who asks, whatever the outcome: `global`, `auth` on the sign-in paths,
  /// then the route's own. Empty for internal routes.
  PolicyList policies;
  PolicyList user_policies;  ///< the route's own that count by user
  /// Names the bucket of policies that count by route: the sign-in path on those paths (a prefix route may cover them
  /// all), else the route's id; empty when there is no route.
  std::string_view bucket;
};

/// Finds routes. Immutable, so any number of threads may ask. A pattern is chosen by path alone (the exact one, else
/// the longest prefix) and only then asked for the method: a stricter route is never passed by with another method.
class Router final {
 public:
  /// config: loaded without errors; must outlive the router and not move.
  explicit Router(const Config& config);
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// match_key: canonical path in lower case without a trailing slash (but for "/"). No allocation; the work is bounded
  /// by the longest pattern, not by the request.
  Lookup find(std::string_view match_key, net::http::Method method) const noexcept;

  /// Every route that is counted and limited: those of the Config in its order, then the gateway's own, if it has one.
  std::span<const RouteConfig* const> configs() const noexcept { return configs_; }

 private:
  static constexpr std::size_t kMethods = static_cast<std::size_t>(net::http::Method::Query) + 1;

  struct Policies {
    std::vector<const rate_limit::Policy*> plain;
    std::vector<const rate_limit::Policy*> sign_in;  ///< the same with `auth`
    std::vector<const rate_limit::Policy*> by_user;
  };
  struct Entry {
    Route route;
    AuthMode auth = AuthMode::None;
    Policies policies;
  };
  struct Pattern {
    std::array<const Entry*, kMethods> by_method{};
    std::string allow;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  struct PatternMap {
    std::unordered_map<std::string, Pattern, Hash, std::equal_to<>> patterns;
    std::size_t longest = 0;

    Pattern& add(std::string_view path);
    const Pattern* find(std::string_view path) const noexcept;
  };

  Policies policies_of(const Config& config, const std::vector<std::string>& names) const;
  Entry& add(const Config& config, const RouteConfig& route);
  void add_internal(std::string_view path, InternalRoute internal);
  const Pattern* find_pattern(std::string_view match_key) const noexcept;

  const std::optional<RouteConfig> status_;
  std::vector<const RouteConfig*> configs_;
  std::deque<Entry> entries_;  ///< stable addresses
  PatternMap exact_;
  PatternMap prefix_;
  std::vector<std::string> sign_in_paths_;
  Policies unrouted_;  ///< for requests without a route
};

/// The path to send to the upstream: `canonical_path` without the route's strip_prefix, compared without case; at least
/// "/". A view into `canonical_path` or static storage.
std::string_view upstream_path(const RouteConfig& route, std::string_view canonical_path) noexcept;

}  // namespace sallyport::api_gateway
