#include "sallyport/lockout/memory_lockout_store.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstring>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/digest.hpp"
#include "sallyport/crypto/random.hpp"

namespace sallyport::lockout {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kShards = 16;

struct OpenLease {
  std::uint64_t id;
  SteadyTime ends;
};

/// What is known of one subject.
struct Counter {
  std::string account_id;
  std::string bucket;
  std::uint32_t failures = 0;
  SteadyTime ends{};  ///< of the failures' window
  std::vector<OpenLease> leases{};

  void forget_what_is_over(SteadyTime now) {
    if (now >= ends) failures = 0;
    std::erase_if(leases, [now](const OpenLease& lease) { return now >= lease.ends; });
  }
  bool empty() const noexcept { return failures == 0 && leases.empty(); }
};

using Set = std::vector<Counter>;

struct alignas(64) Shard {
  mutable std::mutex mutex;
  std::vector<Set> sets;
  std::uint64_t evictions = 0;
};

milliseconds rounded_up(SteadyTime::duration time) noexcept {
  return std::chrono::ceil<milliseconds>(time);
}

}  // namespace

class MemoryLockoutStore::Impl {
 public:
  Impl(const Clock& clock, Options options) : clock_(clock), limits_(options.limits), key_(crypto::random_secret(32)) {
    SALLYPORT_ASSERT(limits_.failures_max >= 1 && limits_.failures_max <= 16);
    SALLYPORT_ASSERT(limits_.window >= milliseconds(1) && limits_.lease >= milliseconds(1));
    SALLYPORT_ASSERT(limits_.window <= std::chrono::days(7) && limits_.lease <= limits_.window);
    constexpr std::size_t kGrain = kShards * kWays;
    sets_ = std::bit_ceil(std::max<std::size_t>(1, (options.counters_max + kGrain - 1) / kGrain));
    for (Shard& shard : shards_) shard.sets.resize(sets_);
  }

  /// The account's set, locked. One account's counters share a set, so that unlocking finds all of them.
  class Access {
   public:
    Access(Impl& impl, std::string_view account_id) : impl_(impl), place_(impl.hash(account_id)), lock_(shard().mutex) {
      // Read under the lock: time must not run backwards between two holders.
      now_ = impl.clock_.now();
      for (Counter& counter : set()) counter.forget_what_is_over(now_);
      std::erase_if(set(), [](const Counter& counter) { return counter.empty(); });
    }
    Shard& shard() const noexcept { return impl_.shards_[place_ % kShards]; }
    Set& set() const noexcept { return shard().sets[place_ / kShards % impl_.sets_]; }
    SteadyTime now() const noexcept { return now_; }

    Counter* find(const Subject& subject) const noexcept {
      const auto found = std::ranges::find_if(set(), [&](const Counter& counter) {
        return counter.account_id == subject.account_id() && counter.bucket == subject.bucket();
      });
      return found != set().end() ? &*found : nullptr;
    }
    Counter* find_or_make(const Subject& subject) const;

   private:
    Impl& impl_;
    std::uint64_t place_;
    std::scoped_lock<std::mutex> lock_;
    SteadyTime now_;
  };

  std::uint64_t hash(std::string_view account_id) const {
    const crypto::Digest mac = crypto::hmac_sha256(crypto::bytes_of(key_.expose()), crypto::bytes_of(account_id));
    std::uint64_t out = 0;
    std::memcpy(&out, mac.data(), sizeof out);
    return out;
  }

  SettleReply count_failure(Counter& counter, SteadyTime now) const noexcept {
    if (counter.failures == 0) counter.ends = now + limits_.window;
    ++counter.failures;
    const bool locks = counter.failures == limits_.failures_max;
    if (locks) counter.ends = now + limits_.window;
    return {.locked_now = locks, .failures = counter.failures};
  }

  void carry_in(Counter& counter, Carried carried, SteadyTime now) const noexcept {
    const std::uint32_t limit = limits_.failures_max;
    const std::uint32_t before = counter.failures;
    const std::uint32_t sum = std::max(before, std::min(limit, before + std::min(limit, carried.failures)));
    const SteadyTime carried_end = now + std::min(carried.remaining, limits_.window);
    if (before == 0) {
      counter.ends = carried_end;
    } else if (before < limit && sum == limit) {
      counter.ends = carried.failures >= limit ? std::max(counter.ends, carried_end) : now + limits_.window;
    }
    counter.failures = sum;
  }

  TryReply reserve(const Subject& subject, Carried carried);

  const Limits& limits() const noexcept { return limits_; }
  std::size_t counters_max() const noexcept { return kShards * sets_ * kWays; }
  const std::array<Shard, kShards>& shards() const noexcept { return shards_; }

 private:
  const Clock& clock_;
  const Limits limits_;
  const Secret<std::string> key_;
  std::size_t sets_ = 1;  ///< in each shard
  std::array<Shard, kShards> shards_;
  std::atomic<std::uint64_t> next_lease_{1};
};

/// nullptr when there is no room that may be taken.
Counter* MemoryLockoutStore::Impl::Access::find_or_make(const Subject& subject) const {
  if (Counter* found = find(subject)) return found;
  Set& all = set();
  const auto owned = std::ranges::count(all, subject.account_id(), &Counter::account_id);
  const bool crowded = static_cast<std::size_t>(owned) >= kBucketsPerAccount;
  if (crowded || all.size() >= kWays) {
    const std::uint32_t limit = impl_.limits_.failures_max;
    Counter* victim = nullptr;
    for (Counter& counter : all) {
      // An account that has its share makes room among its own.
      if (crowded && counter.account_id != subject.account_id()) continue;
      if (counter.failures >= limit || !counter.leases.empty()) continue;
      const auto weight = [](const Counter& c) { return std::pair(c.failures, c.ends); };
      if (victim == nullptr || weight(counter) < weight(*victim)) victim = &counter;
    }
    if (victim == nullptr) return nullptr;
    shard().evictions += victim->failures;
    *victim = Counter{.account_id = subject.account_id(), .bucket = subject.bucket()};
    return victim;
  }
  return &all.emplace_back(Counter{.account_id = subject.account_id(), .bucket = subject.bucket()});
}

TryReply MemoryLockoutStore::Impl::reserve(const Subject& subject, Carried carried) {
  const Access access(*this, subject.account_id());
  TryReply out;
  Counter* counter = access.find_or_make(subject);
  if (counter == nullptr) return out;
  if (carried.failures > 0) carry_in(*counter, carried, access.now());
  out.failures = counter->failures;
  if (counter->failures >= limits_.failures_max) {
    out.kind = TryReply::Kind::Locked;
    out.retry_after = rounded_up(counter->ends - access.now());
    return out;
  }
  if (counter->failures + counter->leases.size() >= limits_.failures_max) return out;
  const OpenLease lease{next_lease_.fetch_add(1, std::memory_order_relaxed), access.now() + limits_.lease};
  counter->leases.push_back(lease);
  out.kind = TryReply::Kind::Granted;
  out.lease = {.id = std::to_string(lease.id), .expires_at = lease.ends};
  return out;
}

MemoryLockoutStore::MemoryLockoutStore(const Clock& clock, Options options)
    : impl_(std::make_unique<Impl>(clock, options)) {}
MemoryLockoutStore::~MemoryLockoutStore() = default;

TryReply MemoryLockoutStore::reserve_now(const Subject& subject, Carried carried) {
  return impl_->reserve(subject, carried);
}

SettleReply MemoryLockoutStore::settle_now(const Subject& subject, const Lease& lease, Outcome outcome) {
  const Impl::Access access(*impl_, subject.account_id());
  Counter* counter = access.find(subject);
  if (counter == nullptr) return {.lease_expired = true};
  const auto erased =
      std::erase_if(counter->leases, [&](const OpenLease& open) { return std::to_string(open.id) == lease.id; });
  if (erased == 0) return {.lease_expired = true};
  if (outcome == Outcome::Fail) return impl_->count_failure(*counter, access.now());
  if (outcome == Outcome::Ok) counter->failures = 0;
  return {.failures = counter->failures};
}

SettleReply MemoryLockoutStore::record_failure(const Subject& subject) {
  const Impl::Access access(*impl_, subject.account_id());
  Counter* counter = access.find_or_make(subject);
  if (counter != nullptr) return impl_->count_failure(*counter, access.now());
  ++access.shard().evictions;
  return {.failures = 1};
}

Carried MemoryLockoutStore::take(const Subject& subject) {
  const Impl::Access access(*impl_, subject.account_id());
  Counter* counter = access.find(subject);
  if (counter == nullptr || counter->failures == 0) return {};
  return {std::exchange(counter->failures, 0U), rounded_up(counter->ends - access.now())};
}

void MemoryLockoutStore::put_back(const Subject& subject, Carried carried) {
  if (carried.failures == 0) return;
  const Impl::Access access(*impl_, subject.account_id());
  if (Counter* counter = access.find_or_make(subject)) {
    impl_->carry_in(*counter, carried, access.now());
  } else {
    access.shard().evictions += carried.failures;
  }
}

std::uint32_t MemoryLockoutStore::unlock_now(std::string_view account_id) {
  const Impl::Access access(*impl_, account_id);
  std::uint32_t cleared = 0;
  for (Counter& counter : access.set()) {
    if (counter.account_id == account_id && std::exchange(counter.failures, 0U) > 0) ++cleared;
  }
  return cleared;
}

Status MemoryLockoutStore::status_now(std::string_view account_id) const {
  const Impl::Access access(*impl_, account_id);
  const std::uint32_t limit = impl_->limits().failures_max;
  Status out;
  for (const Counter& counter : access.set()) {
    if (counter.account_id != account_id) continue;
    const bool locked = counter.failures >= limit;
    if (counter.bucket.empty()) {
      out.failures = counter.failures;
      out.open_tries = static_cast<std::uint32_t>(counter.leases.size());
      if (locked) out.retry_after = rounded_up(counter.ends - access.now());
    } else {
      if (counter.failures > 0) ++out.buckets;
      if (locked) ++out.buckets_locked;
    }
  }
  return out;
}

runtime::Task<StoreResult<TryReply>> MemoryLockoutStore::reserve(const Subject& subject, Carried carried) {
  co_return reserve_now(subject, carried);
}
runtime::Task<StoreResult<SettleReply>> MemoryLockoutStore::settle(const Subject& subject, const Lease& lease,
                                                                   Outcome outcome) {
  co_return settle_now(subject, lease, outcome);
}
runtime::Task<StoreResult<std::uint32_t>> MemoryLockoutStore::unlock(std::string_view account_id) {
  co_return unlock_now(account_id);
}
runtime::Task<StoreResult<Status>> MemoryLockoutStore::status(std::string_view account_id) {
  co_return status_now(account_id);
}

std::size_t MemoryLockoutStore::counters_max() const noexcept {
  return impl_->counters_max();
}

std::size_t MemoryLockoutStore::counters() const {
  std::size_t sum = 0;
  for (const Shard& shard : impl_->shards()) {
    const std::scoped_lock lock(shard.mutex);
    for (const Set& set : shard.sets) sum += set.size();
  }
  return sum;
}

std::uint64_t MemoryLockoutStore::evictions() const {
  std::uint64_t sum = 0;
  for (const Shard& shard : impl_->shards()) {
    const std::scoped_lock lock(shard.mutex);
    sum += shard.evictions;
  }
  return sum;
}

}  // namespace sallyport::lockout
