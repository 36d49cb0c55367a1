#include "sallyport/rate_limit/redis_store.hpp"

#include <array>
#include <charconv>
#include <concepts>
#include <vector>

#include "redis_acquire.hpp"
#include "redis_command.hpp"
#include "sallyport/core/assert.hpp"
#include "sallyport/storage/redis_script.hpp"
#include "scripts.hpp"

namespace sallyport::rate_limit {
namespace {

using storage::RedisClient;
using storage::RedisError;
using storage::RedisErrorKind;
using Integers = RedisClient::Integers;

struct Script {
  explicit Script(std::string_view source) : code(source), head("$7\r\nEVALSHA\r\n$40\r\n" + code.digest() + "\r\n") {}
  storage::RedisScript code;
  std::string head;  ///< the command's first two words, encoded
};

constexpr std::string_view kScriptFailed = "ERR Error running script";

}  // namespace

StoreError to_store_error(const RedisError& error) {
  const auto says = [&](std::string_view code) {
    if (error.is(code)) return true;
    if (!error.is(kScriptFailed)) return false;
    const std::string word = std::string(code) + " ";
    return error.message.find(" " + word) != std::string::npos || error.message.find(" -" + word) != std::string::npos;
  };
  switch (error.kind) {
    case RedisErrorKind::NotSent:
      return {StoreErrorKind::NotSent, error.message};
    case RedisErrorKind::Timeout:
      return {StoreErrorKind::Timeout, error.message};
    case RedisErrorKind::Disconnect:
      return {StoreErrorKind::Disconnect, error.message};
    case RedisErrorKind::Protocol:
      return {StoreErrorKind::Protocol, error.message};
    case RedisErrorKind::Reply:
      break;
  }
  if (says("READONLY")) return {StoreErrorKind::ReadOnly, error.message};
  if (says("LOADING")) return {StoreErrorKind::Loading, error.message};
  if (says("OOM")) return {StoreErrorKind::OutOfMemory, error.message};
  if (says("WRONGTYPE")) return {StoreErrorKind::WrongType, error.message};
  return {StoreErrorKind::Other, error.message};
}

class RedisStore::Impl {
 public:
  explicit Impl(RedisClient& client) : client_(client) {}

  StoreError failed(const RedisError& error) {
    StoreError out = to_store_error(error);
    if (out.kind == StoreErrorKind::ReadOnly) client_.reconnect();
    return out;
  }

  /// Sends EVALSHA with what `write` appends; loads the script when Redis does not know it, as RedisScript::run() does
  /// with words that are not encoded yet. The buffer is shared
  /// by all calls: it is written and handed over without a suspension in between.
  template <std::invocable<CommandWriter&> Write>
  runtime::Task<StoreResult<Integers>> run(const Script& script, std::size_t keys, std::size_t words,
                                           std::size_t integers, Write write) {
    for (int tried = 1;; ++tried) {
      writer_.begin(3 + words);
      writer_.raw(script.head);
      writer_.word(static_cast<std::int64_t>(keys));
      write(writer_);
      auto reply = co_await client_.command_for_integers(writer_.text());
      if (reply) {
        if (reply->size == integers) co_return *reply;
        co_return std::unexpected(StoreError{StoreErrorKind::Protocol, "a script answered in an unknown form"});
      }
      if (tried == storage::RedisScript::kTries || !reply.error().is("NOSCRIPT"))
        co_return std::unexpected(failed(reply.error()));
      if (auto loaded = co_await load(script); !loaded) co_return std::unexpected(std::move(loaded.error()));
    }
  }

  runtime::Task<StoreResult<void>> load(const Script& script) {
    auto loaded = co_await script.code.load(client_);
    if (!loaded) co_return std::unexpected(failed(loaded.error()));
    co_return StoreResult<void>{};
  }

  /// Each command by itself, since Redis 7.0 does not say which one a script may not run. SET comes last: the key is
  /// left with a window that is under way.
  runtime::Task<StoreResult<void>> check_commands(std::string key) {
    const std::array<std::vector<std::string_view>, 8> commands{{{"DEL", key},
                                                                 {"INCRBY", key, "1"},
                                                                 {"DECRBY", key, "1"},
                                                                 {"GET", key},
                                                                 {"PTTL", key},
                                                                 {"PEXPIRETIME", key},
                                                                 {"TIME"},
                                                                 {"SET", key, "1", "PX", "1000"}}};
    for (const auto& words : commands) {
      if (auto reply = co_await client_.command(words); !reply) co_return std::unexpected(failed(reply.error()));
    }
    co_return StoreResult<void>{};
  }

  const Script& script(AcquireScript which) const noexcept {
    switch (which) {
      case AcquireScript::FixedOne:
        return fixed_one;
      case AcquireScript::Fixed:
        return fixed;
      case AcquireScript::Acquire:
        break;
    }
    return acquire;
  }

  RedisClient& client() noexcept { return client_; }

  const Script fixed_one{scripts::kFixedOne};
  const Script fixed{scripts::kFixed};
  const Script acquire{scripts::kAcquire};
  const Script look{scripts::kLook};
  const Script increment{scripts::kIncrement};
  const Script give_back{scripts::kGiveBack};

 private:
  RedisClient& client_;
  CommandWriter writer_;
};

RedisStore::RedisStore(RedisClient& client) : impl_(std::make_unique<Impl>(client)) {}
RedisStore::~RedisStore() = default;

runtime::Task<StoreResult<void>> RedisStore::load(std::string key_prefix) {
  if (auto checked = co_await impl_->check_commands(key_prefix + "check"); !checked) co_return checked;
  for (const Script* script :
       {&impl_->fixed_one, &impl_->fixed, &impl_->acquire, &impl_->increment, &impl_->give_back}) {
    if (auto loaded = co_await impl_->load(*script); !loaded) co_return loaded;
  }
  co_return co_await check_scripts(key_prefix + "check");
}

/// The first is one too many and takes its charge back, the second reads the window and its end.
runtime::Task<StoreResult<void>> RedisStore::check_scripts(std::string key) {
  Policy full;
  full.limit = 1;
  full.window = std::chrono::seconds(1);
  Policy failures = full;
  failures.count = Count::Failures;
  failures.limit = 1000;
  for (const Policy* policy : {&full, &failures}) {
    const Charge charge{.policy = policy, .key = key, .cost = 1, .limit = policy->limit};
    if (auto decision = co_await acquire({&charge, 1}); !decision) {
      decision.error().message.insert(0, "a script cannot run: ");
      co_return std::unexpected(std::move(decision.error()));
    }
  }
  co_return StoreResult<void>{};
}

runtime::Task<StoreResult<Decision>> RedisStore::acquire(std::span<const Charge> charges) {
  SALLYPORT_ASSERT(!charges.empty() && charges.size() <= kChargesMax);
  const AcquireScript which = choose_script(charges);
  const auto write = [which, charges](CommandWriter& out) { write_arguments(out, which, charges); };
  auto reply = co_await impl_->run(impl_->script(which), charges.size(), argument_words(which, charges.size()),
                                   reply_integers(which, charges.size()), write);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  co_return read_decision(which, charges, std::span(reply->values, reply->size));
}

runtime::Task<StoreResult<void>> RedisStore::load_look(std::string key_prefix) {
  if (auto loaded = co_await impl_->load(impl_->look); !loaded) co_return loaded;
  key_prefix.append("check-look");
  Policy policy;
  policy.limit = 1;
  policy.window = std::chrono::seconds(1);
  const Charge charge{.policy = &policy, .key = key_prefix, .cost = 1, .limit = 1};
  if (auto looked = co_await forget({&charge, 1}); !looked) {
    looked.error().message.insert(0, "a script cannot run: ");
    co_return std::unexpected(std::move(looked.error()));
  }
  co_return StoreResult<void>{};
}

runtime::Task<StoreResult<Decision>> RedisStore::look(std::span<const Charge> charges) {
  return run_look(charges, "look");
}

runtime::Task<StoreResult<Decision>> RedisStore::forget(std::span<const Charge> charges) {
  return run_look(charges, "forget");
}

runtime::Task<StoreResult<Decision>> RedisStore::run_look(std::span<const Charge> charges, std::string_view what) {
  SALLYPORT_ASSERT(!charges.empty() && charges.size() <= kChargesMax);
  const auto write = [charges, what](CommandWriter& out) { write_look(out, charges, what); };
  auto reply = co_await impl_->run(impl_->look, charges.size(), look_words(charges.size()),
                                   look_integers(charges.size()), write);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  co_return read_look(charges, std::span(reply->values, reply->size));
}

runtime::Task<StoreResult<std::int64_t>> RedisStore::increment(std::string_view key, std::chrono::milliseconds ttl) {
  const auto write = [key, ttl](CommandWriter& out) {
    out.word(key);
    out.word(std::int64_t{ttl.count()});
  };
  auto reply = co_await impl_->run(impl_->increment, 1, 2, 1, write);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  co_return reply->values[0];
}

runtime::Task<StoreResult<void>> RedisStore::give_back(std::string_view key, std::int64_t cost,
                                                       std::int64_t window_end_ms) {
  const auto write = [key, cost, window_end_ms](CommandWriter& out) {
    out.word(key);
    out.word(cost);
    out.word(window_end_ms);
  };
  auto reply = co_await impl_->run(impl_->give_back, 1, 3, 1, write);
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  co_return StoreResult<void>{};
}

runtime::Task<StoreResult<std::optional<std::int64_t>>> RedisStore::get(std::string_view key) {
  const std::array<std::string_view, 2> words{"GET", key};
  auto reply = co_await impl_->client().command(words);
  if (!reply) co_return std::unexpected(impl_->failed(reply.error()));
  if (reply->is_nil()) co_return std::optional<std::int64_t>{};
  const auto* text = std::get_if<std::string>(&reply->value);
  std::int64_t count = 0;
  if (text != nullptr) {
    const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), count);
    if (ec == std::errc{} && end == text->data() + text->size()) co_return std::optional(count);
  }
  co_return std::unexpected(StoreError{StoreErrorKind::WrongType, "the key does not hold a number"});
}

}  // namespace sallyport::rate_limit
