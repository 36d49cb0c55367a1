#include "sallyport/rate_limit/memory_store.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <vector>

#include "charge_math.hpp"
#include "sallyport/core/assert.hpp"
#include "siphash.hpp"

namespace sallyport::rate_limit {
namespace {

constexpr std::size_t kShards = 64;
constexpr std::size_t kWays = 8;

/// All zero is a free place. 64 bytes: one cache line.
struct alignas(64) Entry {
  Hash128 key;
  std::int64_t expires_ms = 0;  ///< alive while now < expires_ms
  std::int64_t first = 0;       ///< Fixed: used; Sliding: used in this window; Gcra: theoretical arrival in µs
  std::int64_t previous = 0;    ///< Sliding: used in the window before
  std::int64_t index = 0;       ///< Sliding: number of this window
  std::uint32_t weight = 0;     ///< share of the limit that is used, in 1/65536
};

struct FreeEntries {
  void operator()(Entry* entries) const noexcept { std::free(entries); }
};

struct alignas(64) Shard {
  std::mutex mutex;
  Entry* entries = nullptr;
  std::uint64_t evictions = 0;
};

struct Now {
  std::int64_t us;
  std::int64_t ms;
};

/// What one policy says, and what has to be written when it is charged.
struct Judgement {
  Entry after;
  Usage usage;
  std::int64_t used_after = 0;
  std::int64_t reset_after_ms = 0;
  std::int64_t window_end_ms = 0;
  std::int64_t empty_in_ms = 0;  ///< until nothing counts any more, when it is not charged
};

std::string_view identity_of(std::string_view key) noexcept {
  const auto open = key.find('{');
  if (open == std::string_view::npos) return key;
  const auto close = key.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return key;
  return key.substr(open + 1, close - open - 1);
}

std::uint32_t share(std::int64_t used, std::int64_t limit) noexcept {
  const double part = static_cast<double>(used) / static_cast<double>(std::max<std::int64_t>(1, limit));
  return static_cast<std::uint32_t>(std::clamp(part, 0.0, 1.0) * 65536.0);
}

Judgement judge_fixed(const Charge& charge, const Entry* found, Now now) noexcept {
  Judgement j;
  const std::int64_t window = charge.policy->window.count();
  if (found != nullptr) {
    j.after = *found;
  } else {
    j.after.expires_ms = now.ms + window;
  }
  const std::int64_t used = j.after.first;
  j.usage = {.allowed = used + charge.cost <= charge.limit, .used = used};
  j.usage.reset = std::chrono::milliseconds(j.after.expires_ms - now.ms);
  j.empty_in_ms = j.usage.reset.count();
  j.after.first += charge.cost;
  j.used_after = j.after.first;
  j.reset_after_ms = j.usage.reset.count();
  j.window_end_ms = j.after.expires_ms;
  return j;
}

Judgement judge_sliding(const Charge& charge, const Entry* found, Now now) noexcept {
  Judgement j;
  const std::int64_t window = charge.policy->window.count();
  const std::int64_t index = now.ms / window;
  const std::int64_t left = window - now.ms % window;
  std::int64_t previous = 0;
  std::int64_t current = 0;
  if (found != nullptr && found->index == index) {
    previous = found->previous;
    current = found->first;
  } else if (found != nullptr && found->index == index - 1) {
    previous = found->first;
  }
  const std::int64_t load = previous * left + current * window;
  j.usage = {.allowed = load + charge.cost * window <= charge.limit * window, .used = ceil_div(load, window)};
  std::int64_t reset = left;
  if (!j.usage.allowed) {
    const std::int64_t room = (charge.limit - current - charge.cost) * window;
    if (room >= 0) {
      reset = left - room / previous;
    } else if (current > 0) {
      reset = left + std::max<std::int64_t>(0, window - (charge.limit - charge.cost) * window / current);
    }
  }
  j.usage.reset = std::chrono::milliseconds(reset);
  j.empty_in_ms = current > 0 ? left + window : left;
  j.after.first = current + charge.cost;
  j.after.previous = previous;
  j.after.index = index;
  j.after.expires_ms = now.ms + left + window + 1;
  j.used_after = ceil_div(load + charge.cost * window, window);
  j.reset_after_ms = left;
  return j;
}

Judgement judge_gcra(const Charge& charge, const Entry* found, Now now) noexcept {
  Judgement j;
  const GcraNumbers numbers = gcra_numbers(charge);
  const std::int64_t arrival = std::max(found != nullptr ? found->first : 0, now.us);
  const std::int64_t ahead = arrival - now.us + numbers.increment_us;
  j.usage = {.allowed = ahead <= numbers.tolerance_us, .used = ceil_div(arrival - now.us, numbers.one_us)};
  const std::int64_t wait_us = j.usage.allowed ? arrival - now.us : ahead - numbers.tolerance_us;
  j.usage.reset = std::chrono::milliseconds(ceil_div(wait_us, 1000));
  j.empty_in_ms = ceil_div(arrival - now.us, 1000);
  j.after.first = now.us + ahead;
  j.used_after = ceil_div(ahead, numbers.one_us);
  j.reset_after_ms = ceil_div(ahead, 1000);
  j.after.expires_ms = now.ms + j.reset_after_ms + 1;
  return j;
}

Judgement judge(const Charge& charge, const Entry* found, Now now) noexcept {
  switch (charge.policy->algorithm) {
    case Algorithm::Fixed:
      return judge_fixed(charge, found, now);
    case Algorithm::Sliding:
      return judge_sliding(charge, found, now);
    case Algorithm::Gcra:
      break;
  }
  return judge_gcra(charge, found, now);
}

}  // namespace

class MemoryStore::Impl {
 public:
  Impl(const Clock& clock, Random& random, Options options) : clock_(clock) {
    key_ = {random.next(), random.next()};
    const std::size_t wanted = (options.keys_max + kShards * kWays - 1) / (kShards * kWays);
    sets_ = std::bit_ceil(std::max<std::size_t>(1, wanted));
    const std::size_t bytes = keys_max() * sizeof(Entry);
    // calloc: the kernel hands out zeroed pages when they are first touched, so an idle store costs nothing.
    void* memory = std::calloc(bytes / sizeof(Entry) + 1, sizeof(Entry));
    if (memory == nullptr) throw std::bad_alloc();
    memory_.reset(static_cast<Entry*>(memory));
    void* aligned = memory;
    std::size_t space = bytes + sizeof(Entry);
    auto* first = static_cast<Entry*>(std::align(alignof(Entry), bytes, aligned, space));
    for (std::size_t i = 0; i < kShards; ++i) shards_[i].entries = first + i * sets_ * kWays;
  }

  std::size_t keys_max() const noexcept { return kShards * kWays * sets_; }

  Now now() const noexcept {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(clock_.now().time_since_epoch()).count();
    return {us, us / 1000};
  }
  Hash128 hash(std::string_view text) const noexcept { return siphash128(key_, text); }
  Shard& shard_of(std::string_view key) const noexcept { return shards_[hash(identity_of(key)).low % kShards]; }

  Entry* set_of(const Shard& shard, Hash128 key) const noexcept {
    return shard.entries + (key.high & (sets_ - 1)) * kWays;
  }
  Entry* find(const Shard& shard, Hash128 key, Now now) const noexcept {
    Entry* set = set_of(shard, key);
    for (std::size_t i = 0; i < kWays; ++i) {
      if (set[i].key == key && now.ms < set[i].expires_ms) return &set[i];
    }
    return nullptr;
  }
  /// Where `key` may be written: its own place, else a dead one, else that of who loses least by it.
  Entry& place(Shard& shard, Hash128 key, Now now) const noexcept {
    Entry* set = set_of(shard, key);
    Entry* victim = set;
    for (std::size_t i = 0; i < kWays; ++i) {
      Entry& entry = set[i];
      if (entry.key == key && entry.expires_ms != 0) return entry;
      if (victim->expires_ms <= now.ms) continue;
      const bool dead = entry.expires_ms <= now.ms;
      const bool lighter =
          entry.weight != victim->weight ? entry.weight < victim->weight : entry.expires_ms < victim->expires_ms;
      if (dead || lighter) victim = &entry;
    }
    if (victim->expires_ms > now.ms) ++shard.evictions;
    return *victim;
  }

  enum class Counters : std::uint8_t { Keep, Drop };
  Decision acquire(std::span<const Charge> charges) noexcept;
  Decision look(std::span<const Charge> charges, Counters counters) const noexcept;

  mutable std::array<Shard, kShards> shards_;

 private:
  const Clock& clock_;
  SipKey key_;
  std::size_t sets_ = 1;
  std::unique_ptr<Entry, FreeEntries> memory_;
};

Decision MemoryStore::Impl::acquire(std::span<const Charge> charges) noexcept {
  SALLYPORT_ASSERT(charges.size() <= kChargesMax);
  Decision decision;
  decision.size = static_cast<std::uint8_t>(charges.size());
  if (charges.empty()) return decision;
  std::array<Hash128, kChargesMax> keys;
  for (std::size_t i = 0; i < charges.size(); ++i) keys[i] = hash(charges[i].key);
  Shard& shard = shard_of(charges.front().key);
  std::array<Judgement, kChargesMax> judgements;
  {
    const std::scoped_lock lock(shard.mutex);
    // Read under the lock: time must not run backwards between two holders.
    const Now at = now();
    for (std::size_t i = 0; i < charges.size(); ++i) {
      judgements[i] = judge(charges[i], find(shard, keys[i], at), at);
      if (!judgements[i].usage.allowed && !charges[i].policy->shadow) decision.allowed = false;
    }
    for (std::size_t i = 0; i < charges.size() && decision.allowed; ++i) {
      Judgement& j = judgements[i];
      if (!j.usage.allowed) continue;
      j.after.key = keys[i];
      j.after.weight = share(j.used_after, capacity(charges[i]));
      place(shard, keys[i], at) = j.after;
    }
  }
  for (std::size_t i = 0; i < charges.size(); ++i) {
    Judgement& j = judgements[i];
    if (decision.allowed && j.usage.allowed) {
      j.usage.used = j.used_after;
      j.usage.reset = std::chrono::milliseconds(j.reset_after_ms);
      j.usage.window_end_ms = charges[i].policy->count == Count::Failures ? j.window_end_ms : 0;
    }
    j.usage.remaining = std::max<std::int64_t>(0, capacity(charges[i]) - j.usage.used);
    decision.usage[i] = j.usage;
  }
  return decision;
}

Decision MemoryStore::Impl::look(std::span<const Charge> charges, Counters counters) const noexcept {
  SALLYPORT_ASSERT(charges.size() <= kChargesMax);
  Decision decision;
  decision.size = static_cast<std::uint8_t>(charges.size());
  if (charges.empty()) return decision;
  Shard& shard = shard_of(charges.front().key);
  const std::scoped_lock lock(shard.mutex);
  const Now at = now();
  for (std::size_t i = 0; i < charges.size(); ++i) {
    Entry* found = find(shard, hash(charges[i].key), at);
    const Judgement j = judge(charges[i], found, at);
    Usage& usage = decision.usage[i];
    usage = {.allowed = j.usage.allowed, .used = j.usage.used};
    usage.remaining = std::max<std::int64_t>(0, capacity(charges[i]) - usage.used);
    usage.reset = std::chrono::milliseconds(usage.used > 0 ? j.empty_in_ms : 0);
    if (!usage.allowed && !charges[i].policy->shadow) decision.allowed = false;
    if (counters == Counters::Drop && found != nullptr) *found = Entry{};
  }
  return decision;
}

MemoryStore::MemoryStore(const Clock& clock, Random& random, Options options)
    : impl_(std::make_unique<Impl>(clock, random, options)) {}
MemoryStore::~MemoryStore() = default;

Decision MemoryStore::acquire_now(std::span<const Charge> charges) noexcept {
  return impl_->acquire(charges);
}

Decision MemoryStore::look_now(std::span<const Charge> charges) const noexcept {
  return impl_->look(charges, Impl::Counters::Keep);
}

Decision MemoryStore::forget_now(std::span<const Charge> charges) noexcept {
  return impl_->look(charges, Impl::Counters::Drop);
}

void MemoryStore::give_back_now(std::string_view key, std::int64_t cost, std::int64_t window_end_ms) noexcept {
  const Hash128 hash = impl_->hash(key);
  Shard& shard = impl_->shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  Entry* entry = impl_->find(shard, hash, impl_->now());
  if (entry == nullptr || entry->expires_ms != window_end_ms) return;
  const std::int64_t before = entry->first;
  entry->first = std::max<std::int64_t>(0, before - cost);
  const double left = before > 0 ? static_cast<double>(entry->first) / static_cast<double>(before) : 0.0;
  entry->weight = static_cast<std::uint32_t>(static_cast<double>(entry->weight) * left);
}

std::int64_t MemoryStore::increment_now(std::string_view key, std::chrono::milliseconds ttl) noexcept {
  const Hash128 hash = impl_->hash(key);
  Shard& shard = impl_->shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const Now now = impl_->now();
  if (Entry* entry = impl_->find(shard, hash, now)) return ++entry->first;
  // Nothing is known of its limit: keep it as if it were reached.
  impl_->place(shard, hash, now) = {.key = hash, .expires_ms = now.ms + ttl.count(), .first = 1, .weight = 65536};
  return 1;
}

std::optional<std::int64_t> MemoryStore::get_now(std::string_view key) const noexcept {
  const Hash128 hash = impl_->hash(key);
  Shard& shard = impl_->shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const Entry* entry = impl_->find(shard, hash, impl_->now());
  return entry != nullptr ? std::optional(entry->first) : std::nullopt;
}

std::size_t MemoryStore::keys_max() const noexcept {
  return impl_->keys_max();
}

std::uint64_t MemoryStore::evictions() const noexcept {
  std::uint64_t sum = 0;
  for (Shard& shard : impl_->shards_) {
    const std::scoped_lock lock(shard.mutex);
    sum += shard.evictions;
  }
  return sum;
}

runtime::Task<StoreResult<std::int64_t>> MemoryStore::increment(std::string_view key, std::chrono::milliseconds ttl) {
  co_return increment_now(key, ttl);
}
runtime::Task<StoreResult<std::optional<std::int64_t>>> MemoryStore::get(std::string_view key) {
  co_return get_now(key);
}
runtime::Task<StoreResult<Decision>> MemoryStore::acquire(std::span<const Charge> charges) {
  co_return acquire_now(charges);
}
runtime::Task<StoreResult<void>> MemoryStore::give_back(std::string_view key, std::int64_t cost,
                                                        std::int64_t window_end_ms) {
  give_back_now(key, cost, window_end_ms);
  co_return StoreResult<void>{};
}
runtime::Task<StoreResult<Decision>> MemoryStore::look(std::span<const Charge> charges) {
  co_return look_now(charges);
}
runtime::Task<StoreResult<Decision>> MemoryStore::forget(std::span<const Charge> charges) {
  co_return forget_now(charges);
}

}  // namespace sallyport::rate_limit
