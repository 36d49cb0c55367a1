#include "sallyport/rate_limit/limiter.hpp"

#include <algorithm>

#include "charge_math.hpp"
#include "limiter_state.hpp"
#include "sallyport/core/ascii.hpp"

namespace sallyport::rate_limit {
namespace {

using Outcome = LimiterMetrics::Outcome;
using BreakerState = resilience::CircuitBreaker::State;

constexpr std::size_t kSpareScratches = 256;

std::chrono::seconds whole_seconds(std::chrono::milliseconds time) noexcept {
  return std::chrono::seconds(std::max<std::int64_t>(1, ceil_div(time.count(), 1000)));
}

std::string_view name_of(StoreErrorKind kind) noexcept {
  switch (kind) {
    case StoreErrorKind::NotSent:
      return "not_sent";
    case StoreErrorKind::Timeout:
      return "timeout";
    case StoreErrorKind::Disconnect:
      return "disconnect";
    case StoreErrorKind::Protocol:
      return "protocol";
    case StoreErrorKind::ReadOnly:
      return "readonly";
    case StoreErrorKind::Loading:
      return "loading";
    case StoreErrorKind::OutOfMemory:
      return "out_of_memory";
    case StoreErrorKind::WrongType:
      return "wrong_type";
    case StoreErrorKind::Other:
      break;
  }
  return "other";
}

std::uint8_t bit(std::size_t i) noexcept {
  return static_cast<std::uint8_t>(1U << i);
}

/// Buckets whose allow_list has the caller.
std::uint8_t exempt_buckets(const LimitPlan& plan, const IpAddress& address) noexcept {
  std::uint8_t mask = 0;
  if (!plan.has_allow_lists()) return mask;
  for (std::size_t i = 0; i < plan.buckets().size(); ++i) {
    const auto& list = plan.buckets()[i].policy->allow_list;
    if (std::ranges::any_of(list, [&](const Cidr& block) { return block.contains(address); })) mask |= bit(i);
  }
  return mask;
}

}  // namespace

void Limiter::StoreCall::succeeded() {
  observe();
  const bool closed = limiter_.breaker_.succeeded(*permit_);
  permit_.reset();
  if (!closed) return;
  limiter_.metrics_.breakers_open().fetch_sub(1, std::memory_order_relaxed);
  limiter_.logger_.write(log::Level::Info, "ratelimit_breaker_closed");
}

void Limiter::StoreCall::failed(const StoreError& error) {
  observe();
  limiter_.shard_.add(limiter_.metrics_.store_errors(error.kind));
  const SteadyTime now = limiter_.clock_.now();
  const BreakerState before = limiter_.breaker_.state();
  const bool opened = limiter_.breaker_.failed(*permit_, now, limiter_.random_);
  permit_.reset();
  if (!opened) return;
  if (before == BreakerState::Closed) limiter_.metrics_.breakers_open().fetch_add(1, std::memory_order_relaxed);
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(limiter_.breaker_.open_for(now));
  limiter_.logger_.write(log::Level::Warn, "ratelimit_breaker_opened",
                         {{"kind", name_of(error.kind)},
                          {"detail", std::string_view(error.message)},
                          {"open_ms", std::int64_t{wait.count()}}});
}

Limiter::Limiter(RateLimitStore& store, MemoryStore& local, const Clock& clock, Random& random, log::Logger& logger,
                 const LimiterMetrics& metrics, metrics::Shard& shard, Options options)
    : store_(store),
      local_(local),
      clock_(clock),
      random_(random),
      logger_(logger),
      metrics_(metrics),
      shard_(shard),
      breaker_(options.breaker),
      blocked_(options.blocked_max, random) {
  scratches_.reserve(kSpareScratches);
}

Limiter::~Limiter() {
  if (breaker_.state() != BreakerState::Closed) metrics_.breakers_open().fetch_sub(1, std::memory_order_relaxed);
}

std::optional<Verdict> Limiter::try_without_store(const LimitPlan& plan, const Caller& caller) {
  if (blocked_.empty() && !plan.has_allow_lists() && !plan.buckets().empty()) return std::nullopt;
  const ScratchLease lease(*this);
  Scratch& scratch = *lease;
  Verdict verdict(plan);
  verdict.omitted_ |= collect(plan, caller, scratch);
  if (scratch.size == 0) return verdict;

  const SteadyTime now = clock_.now();
  for (std::size_t i = 0; i < scratch.size; ++i) {
    const Charge& charge = scratch.charges[i];
    if (charge.policy->shadow || charge.policy->count != Count::All) continue;
    const auto block = blocked_.find(charge.key, charge.cost, now);
    if (!block) continue;
    const auto reset = std::chrono::ceil<std::chrono::milliseconds>(block->reset_at - now);
    verdict.outcome = Verdict::Outcome::Denied;
    verdict.retry_after = std::max(verdict.retry_after, whole_seconds(reset));
    verdict.entries_[verdict.size_++] = {charge.limit, block->remaining, reset, scratch.buckets[i], true};
    count(plan.buckets()[scratch.buckets[i]], Outcome::Denied);
  }
  if (verdict.outcome == Verdict::Outcome::Allowed) return std::nullopt;
  shard_.add(metrics_.blocked_hits());
  return verdict;
}

runtime::Task<> Limiter::decide(const LimitPlan& plan, const Caller& caller, Verdict& verdict) {
  const ScratchLease lease(*this);
  Scratch& scratch = *lease;
  verdict.omitted_ |= collect(plan, caller, scratch);
  bool store_down = false;
  for (std::size_t i = 0; i < scratch.steps && verdict.outcome == Verdict::Outcome::Allowed; ++i) {
    const Step step = scratch.step(plan, i);
    if (!store_down) {
      StoreCall call(*this);
      if (call.permitted()) {
        const StoreResult<Decision> decision = co_await store_.acquire(step.charges);
        if (decision) {
          call.succeeded();
          merge(verdict, step, *decision, call.sent());
          continue;
        }
        call.failed(decision.error());
      }
      // One failure is enough for a request: its other identities do not wait for the same deadline again.
      store_down = true;
    }
    without_store(verdict, step, clock_.now());
  }
}

/// Fills the scratch with the plan's charges, step by step, and returns the exempt buckets.
std::uint8_t Limiter::collect(const LimitPlan& plan, const Caller& caller, Scratch& scratch) {
  scratch.clear();
  const std::uint8_t exempt = exempt_buckets(plan, caller.address);
  std::array<std::string_view, kChargesMax> headers;
  identity_.clear();
  append_address_identity(identity_, caller.address, plan.ipv6_prefix());
  const auto groups = plan.groups();
  const auto by_address = [&](std::size_t g) {
    switch (groups[g].key) {
      case KeyKind::Header:
        return headers[g].empty();
      case KeyKind::User:
        return caller.subject.empty();
      case KeyKind::Route:
        return false;
      case KeyKind::Address:
        break;
    }
    return true;
  };
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (groups[g].key == KeyKind::Header && caller.headers != nullptr) {
      headers[g] = trim_ows(caller.headers->find(groups[g].header).value_or(std::string_view{}));
    }
    // A missing header or user must not be one bucket for all, nor a way round the limit: it counts with its address.
    if (by_address(g)) add_group(plan, groups[g], identity_, exempt, scratch);
  }
  scratch.end_step();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (by_address(g)) continue;
    add_group(plan, groups[g], key_identity(plan, groups[g], caller, headers[g]), exempt, scratch);
    scratch.end_step();
  }
  return exempt;
}

std::string_view Limiter::key_identity(const LimitPlan& plan, const LimitPlan::Group& group, const Caller& caller,
                                       std::string_view header) {
  if (group.key == KeyKind::Route) return plan.route_identity();
  identity_.clear();
  if (group.key == KeyKind::User) {
    append_user_identity(identity_, caller.issuer, caller.subject);
  } else {
    append_header_identity(identity_, group.header, header);
  }
  return identity_;
}

void Limiter::add_group(const LimitPlan& plan, const LimitPlan::Group& group, std::string_view identity,
                        std::uint8_t exempt, Scratch& scratch) {
  for (unsigned at = group.first; at < static_cast<unsigned>(group.first) + group.size; ++at) {
    if ((exempt & bit(at)) == 0) scratch.add(plan, identity, static_cast<std::uint8_t>(at));
  }
}

void Limiter::merge(Verdict& verdict, const Step& step, const Decision& decision, SteadyTime sent) {
  for (std::size_t i = 0; i < step.charges.size(); ++i) {
    const Charge& charge = step.charges[i];
    const Usage& usage = decision.usage[i];
    count_charged(step.bucket(i), charge, usage, decision.allowed);
    if (!charge.policy->shadow && !usage.allowed) {
      if (charge.policy->count == Count::All) {
        blocked_.block(charge.key, charge.cost, usage.remaining, sent, usage.reset);
      }
      count(step.bucket(i), Outcome::Denied);
    }
    if (decision.allowed && usage.allowed) reserve(verdict, charge, usage, false);
    add_entry(verdict, step, i, usage);
  }
}

void Limiter::merge_local(Verdict& verdict, const Step& step, const Decision& decision) {
  for (std::size_t i = 0; i < step.charges.size(); ++i) {
    const Charge& charge = step.charges[i];
    const Usage& usage = decision.usage[i];
    if (charge.policy->shadow) {
      if (!usage.allowed) count(step.bucket(i), Outcome::WouldDeny);
    } else if (!usage.allowed) {
      count(step.bucket(i), Outcome::LocalDenied);
    } else if (decision.allowed) {
      count(step.bucket(i), Outcome::LocalAllowed);
    }
    if (decision.allowed && usage.allowed) reserve(verdict, charge, usage, true);
    verdict.shares_ = verdict.shares_ || charge.limit != charge.policy->limit;
    add_entry(verdict, step, i, usage);
  }
}

void Limiter::add_entry(Verdict& verdict, const Step& step, std::size_t i, const Usage& usage) {
  const Charge& charge = step.charges[i];
  if (charge.policy->shadow) return;
  verdict.entries_[verdict.size_++] = {charge.limit, usage.remaining, usage.reset, step.buckets[i], !usage.allowed};
  if (usage.allowed) return;
  verdict.outcome = Verdict::Outcome::Denied;
  verdict.retry_after = std::max(verdict.retry_after, whole_seconds(usage.reset));
}

void Limiter::reserve(Verdict& verdict, const Charge& charge, const Usage& usage, bool local) {
  if (charge.policy->count != Count::Failures) return;
  verdict.reservations_.push_back({std::string(charge.key), charge.cost, usage.window_end_ms, local});
}

/// The store gave no answer: what each policy says for that case, the refusing ones first, so that nothing is counted
/// for a request that gets a 503.
void Limiter::without_store(Verdict& verdict, const Step& step, SteadyTime now) {
  for (std::size_t i = 0; i < step.charges.size(); ++i) {
    const Policy& policy = *step.charges[i].policy;
    if (policy.on_store_error != OnStoreError::Deny || policy.shadow) continue;
    verdict.outcome = Verdict::Outcome::Unavailable;
    verdict.retry_after = whole_seconds(std::chrono::ceil<std::chrono::milliseconds>(breaker_.open_for(now)));
    count(step.bucket(i), Outcome::Unavailable);
  }
  if (verdict.outcome == Verdict::Outcome::Unavailable) return;

  std::array<Charge, kChargesMax> charges;
  std::array<std::uint8_t, kChargesMax> buckets{};
  std::size_t size = 0;
  for (std::size_t i = 0; i < step.charges.size(); ++i) {
    const Charge& charge = step.charges[i];
    if (charge.policy->on_store_error != OnStoreError::Local) {
      verdict.omitted_ |= bit(step.buckets[i]);
      count(step.bucket(i), Outcome::FailedOpen);
      continue;
    }
    charges[size] = charge;
    charges[size].limit = step.bucket(i).local_limit;
    buckets[size++] = step.buckets[i];
  }
  if (size == 0) return;
  const Step local{{charges.data(), size}, buckets.data(), step.plan};
  merge_local(verdict, local, local_.acquire_now(local.charges));
}

void Limiter::count(const Bucket& bucket, Outcome outcome) noexcept {
  shard_.add(bucket.counters[static_cast<std::size_t>(outcome)]);
}

void Limiter::count_charged(const Bucket& bucket, const Charge& charge, const Usage& usage, bool allowed) noexcept {
  const Policy& policy = *charge.policy;
  if (policy.shadow && !usage.allowed) count(bucket, Outcome::WouldDeny);
  if (allowed && usage.allowed) count(bucket, Outcome::Allowed);
  if (policy.shadow_limit > 0) {
    const std::int64_t used = allowed && usage.allowed ? usage.used : usage.used + charge.cost;
    if (used > policy.shadow_limit) count(bucket, Outcome::CandidateWouldDeny);
  }
}

runtime::Task<> Limiter::settle(Verdict& verdict, int status) {
  // Taken out first, so that settling twice gives back once.
  const auto reservations = std::move(verdict.reservations_);
  verdict.reservations_.clear();
  const bool failure = status >= 400 && status < 500 && status != 423 && status != 429;
  if (failure) co_return;
  for (const Verdict::Reservation& reservation : reservations) {
    if (reservation.local) {
      local_.give_back_now(reservation.key, reservation.cost, reservation.window_end_ms);
      continue;
    }
    StoreCall call(*this);
    // While the store is away the charge stands: the careful side.
    if (!call.permitted()) continue;
    const auto done = co_await store_.give_back(reservation.key, reservation.cost, reservation.window_end_ms);
    if (done) {
      call.succeeded();
    } else {
      call.failed(done.error());
    }
  }
}

}  // namespace sallyport::rate_limit
