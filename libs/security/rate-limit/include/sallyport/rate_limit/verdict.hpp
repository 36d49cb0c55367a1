#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sallyport/rate_limit/limit_plan.hpp"
#include "sallyport/rate_limit/store.hpp"

namespace sallyport::rate_limit {

/// What the limiter says about one request. Refers to the plan, which outlives it. Holds no heap memory unless a policy
/// counts failures only.
class Verdict final {
 public:
  enum class Outcome : std::uint8_t {
    Allowed,
    Denied,       ///< 429 rate_limited
    Unavailable,  ///< 503 limiter_unavailable: the store failed and a policy says on_store_error: deny
  };

  /// Where one policy stands. Shadow policies are not among them.
  struct Entry {
    std::int64_t limit = 0;  ///< the one that was enforced
    std::int64_t remaining = 0;
    std::chrono::milliseconds reset{0};
    std::uint8_t bucket = 0;  ///< place in the plan
    bool violated = false;
  };

  explicit Verdict(const LimitPlan& plan) noexcept : plan_(&plan), omitted_(plan.shadow_mask()) {}
  Verdict(Verdict&&) noexcept = default;
  Verdict& operator=(Verdict&&) noexcept = default;
  Verdict(const Verdict&) = delete;
  Verdict& operator=(const Verdict&) = delete;
  ~Verdict() = default;

  Outcome outcome = Outcome::Allowed;
  /// Retry-After: at least 1 unless allowed; denied: the latest reset of the violated policies.
  std::chrono::seconds retry_after{0};

  std::span<const Entry> entries() const noexcept { return {entries_.data(), size_}; }
  const Policy& policy(const Entry& entry) const noexcept { return *plan_->buckets()[entry.bucket].policy; }
  /// Whether Limiter::settle has to hear how the request ended.
  bool needs_settling() const noexcept { return !reservations_.empty(); }

 private:
  friend class Limiter;
  friend void append_limit_fields(std::string& out, const Verdict& verdict);
  friend void append_limit_fields(std::string& out, const Verdict& first, const Verdict& second);

  /// A charge that is given back unless the request turns out to be a failure.
  struct Reservation {
    std::string key;
    std::int64_t cost = 0;
    std::int64_t window_end_ms = 0;
    bool local = false;
  };

  const LimitPlan* plan_;
  std::uint8_t omitted_;  ///< bit i: clients are not told about bucket i
  std::uint8_t size_ = 0;
  bool shares_ = false;  ///< some limit is the local share, so the plan's prepared line does not fit
  std::array<Entry, kChargesMax> entries_;
  std::vector<Reservation> reservations_;
};

/// Appends the fields that every limited answer carries, each line with its CRLF: X-RateLimit-Limit,
/// X-RateLimit-Remaining, RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers). Nothing when no policy
/// applied. Retry-After is left to whoever writes the 429.
void append_limit_fields(std::string& out, const Verdict& verdict);
/// The same for a request that was decided in two steps, as if both had been one: X-RateLimit-* speak of the policy
/// that is closest to refusing among all.
void append_limit_fields(std::string& out, const Verdict& first, const Verdict& second);

/// Appends the RateLimit-Policy line of the plan's buckets whose bit in `omitted` is clear; nothing when there is none.
void append_policy_line(std::string& out, const LimitPlan& plan, std::uint8_t omitted);

}  // namespace sallyport::rate_limit
