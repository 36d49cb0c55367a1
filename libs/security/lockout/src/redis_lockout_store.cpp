#include "sallyport/lockout/redis_lockout_store.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "sallyport/storage/redis_script.hpp"
#include "scripts.hpp"

namespace sallyport::lockout {
namespace {

using std::chrono::milliseconds;
using storage::RedisError;
using storage::RedisErrorKind;
using storage::RedisScript;
using Integers = storage::RedisClient::Integers;

std::string number(std::int64_t value) {
  return std::to_string(value);
}

std::string_view name_of(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::Ok:
      return "ok";
    case Outcome::Fail:
      return "fail";
    case Outcome::Abort:
      break;
  }
  return "abort";
}

std::string new_lease_id(Random& random) {
  std::array<std::uint8_t, 16> bytes{};
  random.fill(bytes);
  return crypto::hex_encode(bytes);
}

/// The three keys of a subject.
struct Keys {
  Keys(const std::string& prefix, std::string_view account_id, std::string_view bucket) {
    const std::string tag = "{" + std::string(account_id) + "}";
    const std::string tail = bucket.empty() ? tag : tag + ":" + std::string(bucket);
    count = prefix + "auth:fail:" + tail;
    leases = prefix + "auth:try:" + tail;
    index = prefix + "auth:dev:" + tag;
  }
  std::string count, leases, index;
};

std::uint32_t count_of(std::int64_t value) noexcept {
  return static_cast<std::uint32_t>(value);
}

}  // namespace

class RedisLockoutStore::Impl {
 public:
  Impl(storage::RedisClient& client, std::string prefix, const Clock& clock, Random& random, Limits limits)
      : client_(client), prefix_(std::move(prefix)), clock_(clock), random_(random), limits_(limits) {
    SALLYPORT_ASSERT(limits.failures_max >= 1 && limits.failures_max <= 16);
    SALLYPORT_ASSERT(limits.window >= milliseconds(1) && limits.lease >= milliseconds(1));
    SALLYPORT_ASSERT(limits.window <= std::chrono::days(7) && limits.lease <= limits.window);
  }

  template <std::size_t K, std::size_t A>
  runtime::Task<StoreResult<Integers>> run(const RedisScript& script, const std::array<std::string_view, K>& keys,
                                           const std::array<std::string_view, A>& arguments, std::size_t integers) {
    auto reply = co_await script.run(client_, keys, arguments, integers);
    if (reply) {
      // Whatever answers, no number may wrap around in what it is stored in.
      for (std::size_t i = 0; i < reply->size; ++i) {
        if (reply->values[i] < 0 || reply->values[i] > INT32_MAX) {
          co_return std::unexpected(RedisError{RedisErrorKind::Protocol, "a script answered a number out of range"});
        }
      }
      co_return *reply;
    }
    if (reply.error().is("READONLY") || reply.error().message.contains("READONLY ")) client_.reconnect();
    co_return std::unexpected(std::move(reply.error()));
  }

  runtime::Task<StoreResult<TryReply>> reserve(std::string_view account_id, std::string_view bucket, Carried carried);
  runtime::Task<StoreResult<SettleReply>> settle(std::string_view account_id, std::string_view bucket,
                                                 std::string_view lease_id, Outcome outcome);
  runtime::Task<StoreResult<std::uint32_t>> unlock(std::string_view account_id);
  runtime::Task<StoreResult<Status>> status(std::string_view account_id);
  runtime::Task<StoreResult<void>> load();

 private:
  runtime::Task<StoreResult<void>> try_scripts();

  storage::RedisClient& client_;
  const std::string prefix_;
  const Clock& clock_;
  Random& random_;
  const Limits limits_;
  const RedisScript reserve_{scripts::kReserve};
  const RedisScript settle_{scripts::kSettle};
  const RedisScript unlock_{scripts::kUnlock};
  const RedisScript status_{scripts::kStatus};
};

runtime::Task<StoreResult<TryReply>> RedisLockoutStore::Impl::reserve(std::string_view account_id,
                                                                      std::string_view bucket, Carried carried) {
  const Keys keys(prefix_, account_id, bucket);
  const std::string limit = number(limits_.failures_max), window = number(limits_.window.count());
  const std::string lease_ms = number(limits_.lease.count()), failures = number(carried.failures);
  const std::string remaining = number(carried.remaining.count());
  TryReply out;
  // Counted from before the command is sent, so our end of the lease is never later than Redis'.
  out.lease = {.id = new_lease_id(random_), .expires_at = clock_.now() + limits_.lease};
  const std::array<std::string_view, 3> key_words{keys.count, keys.leases, keys.index};
  const std::array<std::string_view, 7> words{limit, window, lease_ms, out.lease.id, bucket, failures, remaining};
  const auto reply = co_await run(reserve_, key_words, words, 3);
  if (!reply) co_return std::unexpected(reply.error());
  switch (reply->values[0]) {
    case 0:
      out.kind = TryReply::Kind::Granted;
      break;
    case 1:
      out.kind = TryReply::Kind::Busy;
      break;
    default:
      out.kind = TryReply::Kind::Locked;
  }
  out.failures = count_of(reply->values[1]);
  out.retry_after = milliseconds(reply->values[2]);
  co_return out;
}

runtime::Task<StoreResult<SettleReply>> RedisLockoutStore::Impl::settle(std::string_view account_id,
                                                                        std::string_view bucket,
                                                                        std::string_view lease_id, Outcome outcome) {
  const Keys keys(prefix_, account_id, bucket);
  const std::string limit = number(limits_.failures_max), window = number(limits_.window.count());
  const std::array<std::string_view, 3> key_words{keys.count, keys.leases, keys.index};
  const std::array<std::string_view, 5> words{limit, window, lease_id, bucket, name_of(outcome)};
  const auto reply = co_await run(settle_, key_words, words, 3);
  if (!reply) co_return std::unexpected(reply.error());
  co_return SettleReply{.lease_expired = reply->values[0] == 0,
                        .locked_now = reply->values[2] == 1,
                        .failures = count_of(reply->values[1])};
}

runtime::Task<StoreResult<std::uint32_t>> RedisLockoutStore::Impl::unlock(std::string_view account_id) {
  const Keys keys(prefix_, account_id, {});
  const std::array<std::string_view, 2> key_words{keys.count, keys.index};
  const auto reply = co_await run(unlock_, key_words, std::array<std::string_view, 0>{}, 1);
  if (!reply) co_return std::unexpected(reply.error());
  co_return count_of(reply->values[0]);
}

runtime::Task<StoreResult<Status>> RedisLockoutStore::Impl::status(std::string_view account_id) {
  const Keys keys(prefix_, account_id, {});
  const std::string limit = number(limits_.failures_max);
  const std::array<std::string_view, 3> key_words{keys.count, keys.leases, keys.index};
  const std::array<std::string_view, 1> words{limit};
  const auto reply = co_await run(status_, key_words, words, 5);
  if (!reply) co_return std::unexpected(reply.error());
  co_return Status{.failures = count_of(reply->values[0]),
                   .open_tries = count_of(reply->values[1]),
                   .retry_after = milliseconds(reply->values[2]),
                   .buckets = count_of(reply->values[3]),
                   .buckets_locked = count_of(reply->values[4])};
}

runtime::Task<StoreResult<void>> RedisLockoutStore::Impl::load() {
  for (const RedisScript* script : {&reserve_, &settle_, &unlock_, &status_}) {
    if (auto loaded = co_await script->load(client_); !loaded) co_return loaded;
  }
  auto tried = co_await try_scripts();
  if (!tried) tried.error().message.insert(0, "a script cannot run: ");
  co_return tried;
}

/// Takes every way through the scripts that has a command of its own. The id is fresh, so that two instances that start
/// at the same time do not meet.
runtime::Task<StoreResult<void>> RedisLockoutStore::Impl::try_scripts() {
  const std::string nobody = "check-" + new_lease_id(random_);
  const Carried carried{.failures = 1, .remaining = milliseconds(1000)};
  const std::string_view bucket = limits_.failures_max > 2 ? "bucket" : "";
  for (const Outcome outcome : {Outcome::Ok, Outcome::Abort, Outcome::Fail}) {
    const bool spare = outcome != Outcome::Fail && limits_.failures_max > 2;
    const auto granted = co_await reserve(nobody, bucket, spare ? carried : Carried{});
    if (!granted) co_return std::unexpected(granted.error());
    const auto settled = co_await settle(nobody, bucket, granted->lease.id, outcome);
    if (!settled) co_return std::unexpected(settled.error());
  }
  if (const auto seen = co_await status(nobody); !seen) co_return std::unexpected(seen.error());
  if (const auto cleared = co_await unlock(nobody); !cleared) co_return std::unexpected(cleared.error());
  co_return StoreResult<void>{};
}

RedisLockoutStore::RedisLockoutStore(storage::RedisClient& client, std::string key_prefix, const Clock& clock,
                                     Random& random, Limits limits)
    : impl_(std::make_unique<Impl>(client, std::move(key_prefix), clock, random, limits)) {}
RedisLockoutStore::~RedisLockoutStore() = default;

runtime::Task<StoreResult<void>> RedisLockoutStore::load() {
  return impl_->load();
}
runtime::Task<StoreResult<TryReply>> RedisLockoutStore::reserve(const Subject& subject, Carried carried) {
  return impl_->reserve(subject.account_id(), subject.bucket(), carried);
}
runtime::Task<StoreResult<SettleReply>> RedisLockoutStore::settle(const Subject& subject, const Lease& lease,
                                                                  Outcome outcome) {
  return impl_->settle(subject.account_id(), subject.bucket(), lease.id, outcome);
}
runtime::Task<StoreResult<std::uint32_t>> RedisLockoutStore::unlock(std::string_view account_id) {
  SALLYPORT_ASSERT(Subject::is_id(account_id));
  return impl_->unlock(account_id);
}
runtime::Task<StoreResult<Status>> RedisLockoutStore::status(std::string_view account_id) {
  SALLYPORT_ASSERT(Subject::is_id(account_id));
  return impl_->status(account_id);
}

}  // namespace sallyport::lockout
