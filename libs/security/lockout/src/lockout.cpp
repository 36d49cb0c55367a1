#include "sallyport/lockout/lockout.hpp"

#include <algorithm>

#include "sallyport/core/assert.hpp"

namespace sallyport::lockout {
namespace {

using std::chrono::milliseconds;
using Settled = LockoutMetrics::Settled;
using Try = LockoutMetrics::Try;

LockoutMetrics::Settled settled_as(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::Ok:
      return Settled::Ok;
    case Outcome::Fail:
      return Settled::Fail;
    case Outcome::Abort:
      break;
  }
  return Settled::Abort;
}

}  // namespace

/// One place among those that wait.
class Lockout::Waiter {
 public:
  explicit Waiter(Lockout& lockout) noexcept
      : lockout_(lockout), admitted_(lockout.waiting_ < lockout.options_.waiting_max) {
    if (admitted_) ++lockout_.waiting_;
  }
  ~Waiter() {
    if (admitted_) --lockout_.waiting_;
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  bool admitted() const noexcept { return admitted_; }

 private:
  Lockout& lockout_;
  const bool admitted_;
};

Lockout::Lockout(LockoutStore& store, runtime::Executor executor, const Clock& clock, Random& random,
                 const LockoutMetrics& metrics, metrics::Shard& shard, Options options)
    : store_(store),
      executor_(std::move(executor)),
      clock_(clock),
      random_(random),
      metrics_(metrics),
      shard_(shard),
      options_(options) {
  SALLYPORT_ASSERT(options.poll_min >= milliseconds(1) && options.poll_max >= options.poll_min);
}

runtime::Task<std::expected<Reservation, Refusal>> Lockout::reserve(Subject subject, Deadline deadline) {
  deadline = deadline.sooner(Deadline::after(clock_.now(), options_.wait_max));
  std::optional<Waiter> waiter;
  milliseconds ceiling = options_.poll_min;
  while (true) {
    auto reply = co_await store_.reserve(subject, Carried{});
    if (!reply) co_return refuse(Refusal::Kind::Unavailable, milliseconds(1000));
    if (reply->kind == TryReply::Kind::Granted) {
      shard_.add(metrics_.tries(Try::Granted));
      co_return Reservation(std::move(subject), std::move(reply->lease));
    }
    if (reply->kind == TryReply::Kind::Locked) co_return refuse(Refusal::Kind::Locked, reply->retry_after);
    if (!waiter) waiter.emplace(*this);
    if (!waiter->admitted() || !co_await pause(ceiling, deadline)) {
      co_return refuse(Refusal::Kind::Overloaded, milliseconds(1000));
    }
    ceiling = std::min(ceiling * 2, options_.poll_max);
  }
}

/// Waits half the ceiling to all of it, so that those who wait do not ask in step. false: the time is up.
runtime::Task<bool> Lockout::pause(milliseconds ceiling, Deadline deadline) {
  const SteadyTime now = clock_.now();
  if (deadline.expired(now)) co_return false;
  const auto whole = std::chrono::duration_cast<std::chrono::nanoseconds>(ceiling);
  const auto part = std::chrono::nanoseconds(
      static_cast<std::int64_t>(static_cast<double>(whole.count()) * (0.5 + random_.uniform() / 2)));
  ErrorCodeSys ec;
  runtime::Timer timer(executor_, std::min(part, deadline.remaining(now)));
  co_await timer.async_wait(runtime::into(ec));
  co_return !ec;
}

std::unexpected<Refusal> Lockout::refuse(Refusal::Kind kind, milliseconds retry_after) {
  Try outcome = Try::StoreFailed;
  if (kind == Refusal::Kind::Locked) outcome = Try::Locked;
  if (kind == Refusal::Kind::Overloaded) outcome = Try::Overloaded;
  shard_.add(metrics_.tries(outcome));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(retry_after);
  return std::unexpected(Refusal{kind, std::max(seconds, std::chrono::seconds(1))});
}

runtime::Task<Settlement> Lockout::settle(Reservation reservation, Outcome outcome) {
  const auto reply = co_await store_.settle(reservation.subject_, reservation.lease_, outcome);
  if (!reply) {
    shard_.add(metrics_.settled(Settled::StoreFailed));
    co_return Settlement{};
  }
  if (reply->lease_expired) {
    shard_.add(metrics_.settled(Settled::LeaseExpired));
    co_return Settlement{};
  }
  shard_.add(metrics_.settled(settled_as(outcome)));
  if (reply->locked_now) shard_.add(metrics_.locks());
  co_return Settlement{.reveal = true, .locked_now = reply->locked_now, .failures = reply->failures};
}

runtime::Task<Result<std::uint32_t>> Lockout::unlock(std::string account_id) {
  auto reply = co_await store_.unlock(account_id);
  if (!reply) co_return fail(ErrorCode::ServiceUnavailable, std::move(reply.error().message));
  co_return *reply;
}

runtime::Task<Result<Status>> Lockout::status(std::string account_id) {
  auto reply = co_await store_.status(account_id);
  if (!reply) co_return fail(ErrorCode::ServiceUnavailable, std::move(reply.error().message));
  co_return *reply;
}

}  // namespace sallyport::lockout
