#include "sallyport/rate_limit/limit_catalog.hpp"

#include <array>
#include <utility>

namespace sallyport::rate_limit {
namespace {

using Ask = runtime::Task<StoreResult<Decision>> (RateLimitStore::*)(std::span<const Charge>);

Counter counter_of(const LimitCatalog& catalog, const LimitCatalog::Use& use, std::string identity,
                   Counter::Reason reason = Counter::Reason::Kind) {
  const Policy& policy = catalog.policies[use.policy];
  std::string key = key_head(catalog.settings) + identity + key_tail(policy, encode_route_id(use.route));
  return {
      .policy = &policy, .route = use.route, .identity = std::move(identity), .key = std::move(key), .reason = reason};
}

/// The next counters that one step can take: a step is about one identity.
std::size_t step_size(const std::vector<Counter>& counters, std::size_t first) noexcept {
  std::size_t size = 1;
  while (size < kChargesMax && first + size < counters.size() &&
         counters[first + size].identity == counters[first].identity) {
    ++size;
  }
  return size;
}

runtime::Task<StoreResult<std::vector<CounterState>>> ask_all(RateLimitStore& store, std::vector<Counter> counters,
                                                              Ask ask) {
  std::vector<CounterState> states;
  states.reserve(counters.size());
  std::size_t first = 0;
  while (first < counters.size()) {
    const std::size_t size = step_size(counters, first);
    std::array<Charge, kChargesMax> charges;
    for (std::size_t i = 0; i < size; ++i) {
      const Counter& counter = counters[first + i];
      charges[i] = {counter.policy, counter.key, counter.policy->cost, counter.policy->limit};
    }
    const StoreResult<Decision> decision = co_await (store.*ask)(std::span<const Charge>(charges.data(), size));
    if (!decision) co_return std::unexpected(decision.error());
    // The charges view the keys: they are moved when the step is over.
    for (std::size_t i = 0; i < size; ++i) {
      states.push_back({std::move(counters[first + i]), decision->usage[i]});
    }
    first += size;
  }
  co_return states;
}

}  // namespace

std::vector<Counter> counters_of_address(const LimitCatalog& catalog, const IpAddress& address) {
  std::string identity;
  append_address_identity(identity, address, catalog.settings.ipv6_prefix);
  std::vector<Counter> counters;
  for (const LimitCatalog::Use& use : catalog.uses) {
    const KeyKind kind = catalog.policies[use.policy].key;
    if (kind == KeyKind::Route) continue;
    const auto reason = kind == KeyKind::Address ? Counter::Reason::Kind : Counter::Reason::Fallback;
    counters.push_back(counter_of(catalog, use, identity, reason));
  }
  return counters;
}

std::vector<Counter> counters_of_user(const LimitCatalog& catalog, std::string_view subject) {
  std::string identity;
  append_user_identity(identity, catalog.issuer, subject);
  std::vector<Counter> counters;
  for (const LimitCatalog::Use& use : catalog.uses) {
    if (catalog.policies[use.policy].key == KeyKind::User) counters.push_back(counter_of(catalog, use, identity));
  }
  return counters;
}

std::vector<Counter> counters_of_header(const LimitCatalog& catalog, std::string_view value) {
  std::vector<Counter> counters;
  for (const LimitCatalog::Use& use : catalog.uses) {
    const Policy& policy = catalog.policies[use.policy];
    if (policy.key != KeyKind::Header) continue;
    std::string identity;
    append_header_identity(identity, policy.header, value);
    counters.push_back(counter_of(catalog, use, std::move(identity)));
  }
  return counters;
}

runtime::Task<StoreResult<std::vector<CounterState>>> look(RateLimitStore& store, std::vector<Counter> counters) {
  return ask_all(store, std::move(counters), &RateLimitStore::look);
}

runtime::Task<StoreResult<std::vector<CounterState>>> forget(RateLimitStore& store, std::vector<Counter> counters) {
  return ask_all(store, std::move(counters), &RateLimitStore::forget);
}

}  // namespace sallyport::rate_limit
