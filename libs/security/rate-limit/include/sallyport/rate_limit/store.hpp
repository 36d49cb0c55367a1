#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

#include "sallyport/core/error.hpp"
#include "sallyport/rate_limit/policy.hpp"
#include "sallyport/runtime/task.hpp"

namespace sallyport::rate_limit {

/// Most policies that one decision can hold.
inline constexpr std::size_t kChargesMax = 8;

/// What one request asks of one policy. `key` is the whole store key, at most 192 bytes.
struct Charge {
  const Policy* policy = nullptr;
  std::string_view key;
  std::int64_t cost = 1;
  std::int64_t limit = 0;  ///< the limit to enforce: the policy's, or its share when the store is a local fallback
};

/// Where one policy stands after the decision.
struct Usage {
  bool allowed = true;
  std::int64_t remaining = 0;          ///< charges left, ≥ 0; what was left when denied
  std::chrono::milliseconds reset{0};  ///< allowed: until the window ends; denied: until this cost could pass
  std::int64_t window_end_ms = 0;      ///< Fixed: PEXPIRETIME of the charged window in the store's clock, for give_back
  std::int64_t used = 0;               ///< in charges, after this decision (for shadow_limit)
};

/// The answer for all charges of one identity. Either every (non-shadow) policy was charged or none was.
struct Decision {
  bool allowed = true;
  std::uint8_t size = 0;
  std::array<Usage, kChargesMax> usage;  ///< in the order of the charges
};

enum class StoreErrorKind : std::uint8_t {
  NotSent,
  Timeout,
  Disconnect,
  Protocol,
  ReadOnly,
  Loading,
  OutOfMemory,
  WrongType,
  Other
};
struct StoreError {
  StoreErrorKind kind;
  std::string message;
};
template <class T>
using StoreResult = std::expected<T, StoreError>;

/// Counts. Shared by everything that limits the same thing. Implementations: RedisStore (one per event loop),
/// MemoryStore (one per process).
class RateLimitStore {
 public:
  virtual ~RateLimitStore() = default;

  /// Adds one to `key` and returns the count; a key that is new, or lost its expiry, gets the whole `ttl` (≥ 1 ms).
  virtual runtime::Task<StoreResult<std::int64_t>> increment(std::string_view key, std::chrono::milliseconds ttl) = 0;
  /// The count, or nullopt when there is none (any more).
  virtual runtime::Task<StoreResult<std::optional<std::int64_t>>> get(std::string_view key) = 0;
  /// Checks every charge, then charges all or none, in one step that nothing comes between. All charges belong to one
  /// identity. A shadow policy never makes the decision denied, and is charged when the decision is allowed and it has
  /// room.
  virtual runtime::Task<StoreResult<Decision>> acquire(std::span<const Charge> charges) = 0;
  /// Takes back a Fixed charge, only from the window that ends at window_end_ms; never below zero, never creates a key.
  virtual runtime::Task<StoreResult<void>> give_back(std::string_view key, std::int64_t cost,
                                                     std::int64_t window_end_ms) = 0;

  // For administrators. All charges belong to one identity; `used` and `remaining` are as the next acquire finds them,
  // `allowed` says whether it would have room for the cost, and `reset` is the time until nothing counts any more.
  /// Changes nothing, however often it is asked.
  virtual runtime::Task<StoreResult<Decision>> look(std::span<const Charge> charges) = 0;
  /// Drops the counters, in one step with the look that it answers. A charge that is given back later changes nothing.
  virtual runtime::Task<StoreResult<Decision>> forget(std::span<const Charge> charges) = 0;
};

}  // namespace sallyport::rate_limit
