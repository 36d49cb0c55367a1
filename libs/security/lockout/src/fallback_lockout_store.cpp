#include "sallyport/lockout/fallback_lockout_store.hpp"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace sallyport::lockout {
namespace {

using BreakerState = resilience::CircuitBreaker::State;
using storage::RedisError;
using storage::RedisErrorKind;

std::string_view name_of(RedisErrorKind kind) noexcept {
  switch (kind) {
    case RedisErrorKind::NotSent:
      return "not_sent";
    case RedisErrorKind::Timeout:
      return "timeout";
    case RedisErrorKind::Disconnect:
      return "disconnect";
    case RedisErrorKind::Protocol:
      return "protocol";
    case RedisErrorKind::Reply:
      break;
  }
  return "reply";
}

/// Failures on their way into the shared store: they go back unless that store took them, also when the coroutine that
/// carries them is destroyed.
class Luggage {
 public:
  Luggage(MemoryLockoutStore& local, const Subject& subject)
      : local_(local), subject_(subject), carried_(local.take(subject)) {}
  ~Luggage() { local_.put_back(subject_, carried_); }
  Luggage(const Luggage&) = delete;
  Luggage& operator=(const Luggage&) = delete;

  Carried contents() const noexcept { return carried_; }
  void delivered() noexcept { carried_ = {}; }

 private:
  MemoryLockoutStore& local_;
  const Subject& subject_;
  Carried carried_;
};

}  // namespace

/// One call of the shared store: takes the breaker's permit and reports the result, also when the coroutine is
/// destroyed.
class FallbackLockoutStore::Call {
 public:
  explicit Call(FallbackLockoutStore& store) : store_(store), permit_(store.breaker_.try_acquire(store.clock_.now())) {}
  ~Call() {
    if (permit_) store_.breaker_.abandoned(*permit_);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  bool permitted() const noexcept { return permit_.has_value(); }

  /// Whether the shared store answered.
  template <class T>
  bool report(const StoreResult<T>& result) {
    if (result) {
      succeeded();
    } else {
      failed(result.error());
    }
    return result.has_value();
  }

 private:
  void succeeded() {
    const bool closed = store_.breaker_.succeeded(*permit_);
    permit_.reset();
    if (closed) store_.metrics_.breakers_open().fetch_sub(1, std::memory_order_relaxed);
    if (std::exchange(store_.failing_, false)) store_.logger_.write(log::Level::Info, "lockout_store_recovered");
  }

  void failed(const RedisError& error) {
    store_.shard_.add(store_.metrics_.store_errors(error.kind));
    const SteadyTime now = store_.clock_.now();
    const BreakerState before = store_.breaker_.state();
    const bool opened = store_.breaker_.failed(*permit_, now, store_.random_);
    permit_.reset();
    if (opened && before == BreakerState::Closed) {
      store_.metrics_.breakers_open().fetch_add(1, std::memory_order_relaxed);
    }
    if (!std::exchange(store_.failing_, true)) {
      store_.logger_.write(log::Level::Warn, "lockout_store_failed",
                           {{"kind", name_of(error.kind)}, {"detail", std::string_view(error.message)}});
    }
    if (opened) {
      const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(store_.breaker_.open_for(now));
      store_.logger_.write(log::Level::Warn, "lockout_breaker_opened", {{"open_ms", std::int64_t{wait.count()}}});
    }
  }

  FallbackLockoutStore& store_;
  std::optional<resilience::CircuitBreaker::Permit> permit_;
};

FallbackLockoutStore::FallbackLockoutStore(LockoutStore& shared, MemoryLockoutStore& local, const Clock& clock,
                                           Random& random, log::Logger& logger, const LockoutMetrics& metrics,
                                           metrics::Shard& shard, Options options)
    : shared_(shared),
      local_(local),
      clock_(clock),
      random_(random),
      logger_(logger),
      metrics_(metrics),
      shard_(shard),
      breaker_(options.breaker) {}

FallbackLockoutStore::~FallbackLockoutStore() {
  if (breaker_.state() != BreakerState::Closed) metrics_.breakers_open().fetch_sub(1, std::memory_order_relaxed);
}

runtime::Task<StoreResult<TryReply>> FallbackLockoutStore::reserve(const Subject& subject, Carried carried) {
  // What somebody above us carries goes the same way as what was counted here.
  local_.put_back(subject, carried);
  {
    Call call(*this);
    if (call.permitted()) {
      Luggage luggage(local_, subject);
      auto reply = co_await shared_.reserve(subject, luggage.contents());
      if (call.report(reply)) {
        luggage.delivered();
        co_return reply;
      }
    }
  }
  shard_.add(metrics_.local_steps());
  TryReply reply = local_.reserve_now(subject);
  reply.lease.local = true;
  co_return reply;
}

runtime::Task<StoreResult<SettleReply>> FallbackLockoutStore::settle(const Subject& subject, const Lease& lease,
                                                                     Outcome outcome) {
  if (!lease.local) {
    Call call(*this);
    if (call.permitted()) {
      auto reply = co_await shared_.settle(subject, lease, outcome);
      if (call.report(reply)) co_return reply;
    }
  }
  co_return settle_here(subject, lease, outcome);
}

SettleReply FallbackLockoutStore::settle_here(const Subject& subject, const Lease& lease, Outcome outcome) {
  shard_.add(metrics_.local_steps());
  if (lease.local) return local_.settle_now(subject, lease, outcome);
  // The slot was the shared store's, and is free there when the lease ends.
  if (clock_.now() >= lease.expires_at) return {.lease_expired = true};
  if (outcome == Outcome::Fail) return local_.record_failure(subject);
  return {};
}

runtime::Task<StoreResult<std::uint32_t>> FallbackLockoutStore::unlock(std::string_view account_id) {
  const std::uint32_t here = local_.unlock_now(account_id);
  Call call(*this);
  if (!call.permitted()) {
    co_return std::unexpected(RedisError{RedisErrorKind::NotSent, "the breaker towards the shared store is open"});
  }
  auto reply = co_await shared_.unlock(account_id);
  if (call.report(reply)) co_return *reply + here;
  co_return reply;
}

runtime::Task<StoreResult<Status>> FallbackLockoutStore::status(std::string_view account_id) {
  {
    Call call(*this);
    if (call.permitted()) {
      auto reply = co_await shared_.status(account_id);
      if (call.report(reply)) co_return reply;
    }
  }
  shard_.add(metrics_.local_steps());
  co_return local_.status_now(account_id);
}

}  // namespace sallyport::lockout
