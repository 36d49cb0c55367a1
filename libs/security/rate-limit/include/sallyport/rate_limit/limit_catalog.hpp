#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sallyport/core/ip_address.hpp"
#include "sallyport/rate_limit/limit_keys.hpp"
#include "sallyport/rate_limit/policy.hpp"
#include "sallyport/rate_limit/store.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::rate_limit {

/// The limits of a deployment as somebody sees them who does not limit: which policies there are, and what they are
/// applied to. Plain data, immutable once made.
struct LimitCatalog {
  /// A policy that some requests are charged to.
  struct Use {
    std::size_t policy = 0;  ///< into policies
    std::string route;       ///< id of the route, when the policy counts each alone; empty otherwise, or outside of all
  };

  LimitSettings settings;
  std::string issuer;  ///< of the users who are named by their id alone
  std::vector<Policy> policies;
  std::vector<Use> uses;  ///< each once
};

/// One counter of one caller. Refers to its catalog.
struct Counter {
  enum class Reason : std::uint8_t {
    Kind,      ///< the policy counts by what the caller was named by
    Fallback,  ///< it counts by something else, which callers without it are counted by their address for
  };

  const Policy* policy = nullptr;
  std::string route;     ///< LimitCatalog::Use::route
  std::string identity;  ///< "ip:…", "u:…", "h:…"
  std::string key;       ///< in the store
  Reason reason = Reason::Kind;
};

// All counters that a caller can have, also those that nothing was charged to. catalog: outlives them.

std::vector<Counter> counters_of_address(const LimitCatalog& catalog, const IpAddress& address);
std::vector<Counter> counters_of_user(const LimitCatalog& catalog, std::string_view subject);
/// value: of whichever field a policy counts by.
std::vector<Counter> counters_of_header(const LimitCatalog& catalog, std::string_view value);

struct CounterState {
  Counter counter;
  Usage usage;  ///< RateLimitStore::look
};

/// Where the counters stand, in their order; one step of the store for at most kChargesMax of them.
/// Cancellation leaves nothing.
runtime::Task<StoreResult<std::vector<CounterState>>> look(RateLimitStore& store, std::vector<Counter> counters);
/// Drops the counters, and tells where they stood. An error, and cancellation, leave it unknown which of them are
/// dropped; harmless to repeat.
runtime::Task<StoreResult<std::vector<CounterState>>> forget(RateLimitStore& store, std::vector<Counter> counters);

}  // namespace sallyport::rate_limit
