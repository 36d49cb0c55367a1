#pragma once

#include "sallyport/core/assert.hpp"
#include "sallyport/rate_limit/limiter.hpp"

namespace sallyport::rate_limit {

inline constexpr std::size_t kKeyMax = 192;

/// The charges of one identity: one call of the store.
struct Limiter::Step {
  std::span<const Charge> charges;
  const std::uint8_t* buckets = nullptr;  ///< the place in the plan of each charge
  const LimitPlan* plan = nullptr;

  const Bucket& bucket(std::size_t i) const noexcept { return plan->buckets()[buckets[i]]; }
};

/// Keys and charges of one decision, kept for the next one so that deciding allocates nothing.
struct Limiter::Scratch {
  Scratch() { text.reserve(kChargesMax * kKeyMax); }

  void clear() noexcept {
    text.clear();
    size = 0;
    steps = 0;
  }
  void add(const LimitPlan& plan, std::string_view identity, std::uint8_t at) {
    const Bucket& bucket = plan.buckets()[at];
    const std::size_t begin = text.size();
    // The charges view the text: it must never grow out of its place.
    SALLYPORT_ASSERT(begin + plan.key_head().size() + identity.size() + bucket.key_tail.size() <= text.capacity());
    text.append(plan.key_head()).append(identity).append(bucket.key_tail);
    const std::string_view key(text.data() + begin, text.size() - begin);
    charges[size] = {bucket.policy, key, bucket.policy->cost, bucket.policy->limit};
    buckets[size++] = at;
  }
  void end_step() noexcept {
    const std::uint8_t begin = steps == 0 ? std::uint8_t{0} : step_ends[steps - 1U];
    if (size != begin) step_ends[steps++] = size;
  }
  Step step(const LimitPlan& plan, std::size_t i) const noexcept {
    const std::size_t begin = i == 0 ? 0 : step_ends[i - 1];
    return {{charges.data() + begin, step_ends[i] - begin}, buckets.data() + begin, &plan};
  }

  std::string text;
  std::array<Charge, kChargesMax> charges;
  std::array<std::uint8_t, kChargesMax> buckets{};
  std::array<std::uint8_t, kChargesMax> step_ends{};
  std::uint8_t size = 0;
  std::uint8_t steps = 0;
};

class Limiter::ScratchLease {
 public:
  explicit ScratchLease(Limiter& limiter) : limiter_(limiter) {
    auto& spare = limiter.scratches_;
    if (spare.empty()) {
      scratch_ = std::make_unique<Scratch>();
    } else {
      scratch_ = std::move(spare.back());
      spare.pop_back();
    }
  }
  ~ScratchLease() {
    // The constructor of Limiter reserved the room, so this cannot throw; what is more than the room is let go.
    if (limiter_.scratches_.size() < limiter_.scratches_.capacity()) limiter_.scratches_.push_back(std::move(scratch_));
  }
  ScratchLease(const ScratchLease&) = delete;
  ScratchLease& operator=(const ScratchLease&) = delete;

  Scratch& operator*() const noexcept { return *scratch_; }

 private:
  Limiter& limiter_;
  std::unique_ptr<Scratch> scratch_;
};

/// One call of the store: takes the breaker's permit and reports the result, also when the coroutine is destroyed.
class Limiter::StoreCall {
 public:
  explicit StoreCall(Limiter& limiter)
      : limiter_(limiter), sent_(limiter.clock_.now()), permit_(limiter.breaker_.try_acquire(sent_)) {}
  ~StoreCall() {
    if (permit_) limiter_.breaker_.abandoned(*permit_);
  }
  StoreCall(const StoreCall&) = delete;
  StoreCall& operator=(const StoreCall&) = delete;

  bool permitted() const noexcept { return permit_.has_value(); }
  SteadyTime sent() const noexcept { return sent_; }
  void succeeded();
  void failed(const StoreError& error);

 private:
  void observe() {
    const std::chrono::duration<double> took = limiter_.clock_.now() - sent_;
    limiter_.shard_.observe(limiter_.metrics_.store_seconds(), took.count());
  }

  Limiter& limiter_;
  SteadyTime sent_;
  std::optional<resilience::CircuitBreaker::Permit> permit_;
};

}  // namespace sallyport::rate_limit
