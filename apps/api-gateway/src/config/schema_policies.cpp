#include "config/schema.hpp"

namespace sallyport::api_gateway {
namespace {

using namespace std::chrono_literals;
using rate_limit::Algorithm;
using rate_limit::Count;
using rate_limit::Group;
using rate_limit::KeyKind;
using rate_limit::OnStoreError;
using rate_limit::Policy;

// The store computes with doubles (Lua), which hold whole numbers up to here.
constexpr std::uint64_t kExact = std::uint64_t{1} << 53U;
constexpr std::size_t kPoliciesMax = 64;

/// Whether a × b reaches 2^53, without overflow.
constexpr bool inexact(std::uint64_t a, std::uint64_t b) noexcept {
  return b != 0 && a > (kExact - 1) / b;
}

constexpr std::uint64_t positive(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value);
}

Key<Policy> identity_key() {
  Key<Policy> key;
  key.doc = KeyDoc{"key", "word", "address, user, header:NAME, route", "address",
                   "What a bucket belongs to. A request without a user or the field falls back to its address. `user` "
                   "counts after authentication, on routes that ask for tokens."};
  key.read = [](const YamlNode& node, Policy& out, Problems& problems) {
    const auto parse = [&](std::string_view text) -> Parsed<KeyKind> {
      if (text == "address") return KeyKind::Address;
      if (text == "user") return KeyKind::User;
      if (text == "route") return KeyKind::Route;
      if (text.starts_with("header:")) {
        if (auto name = parse_field_name(text.substr(7))) {
          out.header = *name;
          return KeyKind::Header;
        }
      }
      return std::unexpected(std::string("address, user, header:NAME or route"));
    };
    read_scalar(node, "key", Quotes::Allowed, parse, [&](KeyKind kind) { out.key = kind; }, problems);
  };
  return key;
}

void check_algorithm(const YamlNode& node, const Policy& policy, Problems& problems) {
  if (policy.algorithm != Algorithm::Gcra) {
    if (node.find("burst") != nullptr) problems.error(node.at_or_self("burst"), "burst: only with algorithm: gcra");
    return;
  }
  const std::uint64_t window_us = positive(policy.window.count()) * 1000;
  if (positive(policy.limit) > window_us) {
    problems.error(node.at_or_self("limit"), "limit: gcra cannot space more than one request a microsecond");
  }
  // The time until a used-up bucket is full again is the life of its key.
  if (inexact(positive(policy.burst), positive(policy.window.count())) ||
      positive(policy.burst) * positive(policy.window.count()) / positive(policy.limit) > 366U * 86'400'000ULL) {
    problems.error(node.at_or_self("burst"), "burst: refilling it (burst x window / limit) takes more than 366 days");
  }
  if (policy.cost > policy.burst) {
    problems.error(node.at_or_self("cost"), fmt::format("cost: {} is above the burst of {}: no request could ever pass",
                                                        policy.cost, policy.burst));
  }
}

/// Every rule inside one policy. Runs only when its numbers could be read.
void check_policy(const YamlNode& node, const Policy& policy, Problems& problems) {
  if (policy.limit < 1 || policy.window < 1s) return;  // missing or wrong: has been said
  const std::uint64_t window = positive(policy.window.count());
  if (inexact(positive(policy.limit), window)) {
    problems.error(node.at_or_self("limit"), "limit: limit x window in milliseconds must stay below 2^53");
  }
  if (inexact(positive(policy.shadow_limit), window)) {
    problems.error(node.at_or_self("shadow_limit"),
                   "shadow_limit: shadow_limit x window in milliseconds must stay below 2^53");
  }
  if (policy.cost > policy.limit) {
    problems.error(node.at_or_self("cost"), fmt::format("cost: {} is above the limit of {}: no request could ever pass",
                                                        policy.cost, policy.limit));
  }
  if (policy.count == Count::Failures && policy.algorithm != Algorithm::Fixed) {
    problems.error(node.at_or_self("count"), "count: 'failures' only with algorithm: fixed");
  }
  check_algorithm(node, policy, problems);
  if (policy.key == KeyKind::User && (policy.name == "global" || policy.name == "auth")) {
    problems.error(node.at_or_self("key"),
                   fmt::format("key: '{}' must count before a signature is checked, so not by user", policy.name));
  }
  if (policy.shadow && (policy.name == "global" || policy.name == "auth")) {
    problems.warning(node.at_or_self("shadow"), fmt::format("shadow: '{}' denies nothing", policy.name));
  }
}

void put(std::vector<Policy>& policies, Policy policy) {
  for (Policy& present : policies) {
    if (present.name == policy.name) {
      present = std::move(policy);
      return;
    }
  }
  policies.push_back(std::move(policy));
}

}  // namespace

std::vector<Policy> built_in_policies() {
  Policy global;
  global.name = "global";
  global.limit = 100;
  global.window = 15min;
  Policy auth;
  auth.name = "auth";
  auth.limit = 5;
  auth.window = 15min;
  auth.group = Group::Route;
  return {global, auth};
}

const KeyTable<Policy>& policy_keys() {
  using P = Policy;
  static const KeyTable<P> table = {
      required(integer_key<P>("limit", &P::limit, 1, kExact - 1,
                              "Charges that a window allows; limit x window must stay below 2^53 ms.")),
      required(duration_key<P>("window", &P::window, 1s, 366 * 24h, "Length of the window.")),
      identity_key(),
      enum_key<P>(
          "algorithm", &P::algorithm,
          EnumNames<Algorithm>{{"fixed", Algorithm::Fixed}, {"sliding", Algorithm::Sliding}, {"gcra", Algorithm::Gcra}},
          "How requests are counted."),
      with_fallback(integer_key<P>("burst", &P::burst, 1, kExact - 1, "With `gcra` only: how many at once."),
                    "the limit"),
      integer_key<P>("cost", &P::cost, 1, kExact - 1, "Charge of one request; at most the limit (and the burst)."),
      enum_key<P>("count", &P::count, EnumNames<Count>{{"all", Count::All}, {"failures", Count::Failures}},
                  "`failures`, with `fixed` only: requests that succeed are given back."),
      enum_key<P>("group", &P::group, EnumNames<Group>{{"shared", Group::Shared}, {"route", Group::Route}},
                  "One bucket for all routes of the policy, or one for each (default of `auth`: route)."),
      enum_key<P>("on_store_error", &P::on_store_error,
                  EnumNames<OnStoreError>{
                      {"local", OnStoreError::Local}, {"allow", OnStoreError::Allow}, {"deny", OnStoreError::Deny}},
                  "While the store is away: count in this process, let everything pass, or answer 503."),
      bool_key<P>("shadow", &P::shadow, "Only counts what it would have denied."),
      with_fallback(integer_key<P>("shadow_limit", &P::shadow_limit, 1, kExact - 1,
                                   "A candidate limit that is watched beside the real one."),
                    "none"),
      list_key<P>("allow_list", &P::allow_list, "address blocks", 256, "none", parse_block,
                  "Client addresses that this policy never counts."),
  };
  return table;
}

void read_policies(const YamlNode& node, Draft& out, Problems& problems) {
  if (node.kind != YamlNode::Kind::Map) {
    return report_wrong_type(node, "rate_limits", "a map from policy names to policies", problems);
  }
  if (node.keys.size() > kPoliciesMax) {
    return problems.error(node, fmt::format("rate_limits: at most {} policies", kPoliciesMax));
  }
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const YamlNode& name = node.keys[i];
    if (name.kind != YamlNode::Kind::Scalar) continue;
    if (const auto good = parse_name(name.text); !good) {
      report_wrong_type(name, "rate_limits", good.error(), problems);
    }
    // The two built-in ones keep the defaults of what the file leaves out; the others have no safe default.
    Policy policy;
    auto needs = RequiredKeys::Check;
    for (Policy& built_in : built_in_policies()) {
      if (built_in.name != name.text) continue;
      policy = std::move(built_in);
      needs = RequiredKeys::Skip;
    }
    policy.name = name.text;
    read_map(policy_keys(), node.items[i], "rate limit " + in_quotes(name.text), policy, problems, needs);
    if (policy.algorithm == Algorithm::Gcra && policy.burst == 0) policy.burst = policy.limit;
    check_policy(node.items[i], policy, problems);
    put(out.rate_limits, std::move(policy));
  }
}

}  // namespace sallyport::api_gateway
