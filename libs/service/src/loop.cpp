#include "loop.hpp"

#include <fmt/format.h>

#include "redis_policy.hpp"
#include "server_limits.hpp"

namespace sallyport::service {

using runtime::into;
using runtime::Task;

namespace {

constexpr std::chrono::milliseconds kFlushEvery{100};

/// Null when they have to be fetched.
std::shared_ptr<const tokens::KeySet> keys_at_hand(const Keys& keys) {
  const auto* const local = std::get_if<std::shared_ptr<const tokens::KeySet>>(&keys);
  return local != nullptr ? *local : nullptr;
}

}  // namespace

Loop::Loop(Shell& shell, std::size_t index, const Service::Make& make, std::function<void()> unknown_key)
    : shell_(shell),
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      shard_(shell.surroundings.registry.make_shard()),
      denylist_({*shell.denylist, make_redis(), shell.options.redis_key_prefix, io_.get_executor(),
                 shell.surroundings.clock, shell.surroundings.logger, shard_, shell.denylist_unchecked}),
      bearer_(
          tokens::AccessTokenVerifier({shell.options.issuer, shell.options.audience}, keys_at_hand(shell.options.keys)),
          denylist_, shell.surroundings.clock, std::move(unknown_key)),
      context_{index,  io_.get_executor(),        shell.surroundings.clock,    jitter_,
               shard_, shell.surroundings.logger, redis_ ? &*redis_ : nullptr, denylist_},
      application_(make(context_)),
      request_context_(shell.options.trusted_gateways, shell.surroundings.clock, jitter_),
      readiness_(shell.surroundings.database, context_.redis, shell.surroundings.clock),
      dispatcher_({shell, request_context_, bearer_, *application_, readiness_, shard_,
                   shell.options.access_log ? &access_log_.emplace(shell.surroundings.logger) : nullptr}),
      server_(io_.get_executor(), shell.surroundings.clock, server_limits(), shell.connections, dispatcher_,
              shell.surroundings.logger),
      flush_timer_(io_.get_executor()),
      lifetime_(io_.get_executor(), 8, [&logger = shell.surroundings.logger](const std::exception_ptr&) {
        logger.write(log::Level::Critical, "worker_failed");
      }) {}

Loop::~Loop() = default;

storage::RedisClient* Loop::make_redis() {
  if (!shell_.options.redis) return nullptr;
  storage::RedisOptions options;
  options.url = *shell_.options.redis;
  return &redis_.emplace(io_.get_executor(), options, shell_.surroundings.clock, jitter_, shell_.surroundings.logger);
}

void Loop::keep_keys(tokens::RemoteJwks::Publish publish) {
  const auto& url = std::get<tokens::JwksUrl>(shell_.options.keys);
  remote_keys_.emplace(io_.get_executor(), shell_.surroundings.clock, shell_.surroundings.logger, url,
                       shell_.options.issuer, std::move(publish));
  lifetime_.spawn(remote_keys_->run());
}

void Loop::unknown_key() noexcept {
  if (remote_keys_) remote_keys_->unknown_key();
}

Task<Result<void>> Loop::prepare(Deadline deadline) {
  if (redis_) {
    const auto unusable = [this](const std::string& why) {
      return fail(ErrorCode::ServiceUnavailable, fmt::format("redis at {}: {}", shell_.options.redis->endpoint(), why));
    };
    auto connected = co_await redis_->connect(deadline);
    if (!connected) co_return unusable(connected.error().message);
    auto policy = co_await check_memory_policy(*redis_, shell_.surroundings.logger);
    if (!policy) co_return unusable(policy.error().detail);
  }
  co_return co_await application_->prepare(deadline);
}

void Loop::give_up() {
  if (redis_) lifetime_.spawn(redis_->stop());
}

void Loop::serve(const std::vector<int>& listeners) {
  if (access_log_) lifetime_.spawn(flush_logs());
  application_->start();
  for (const int fd : listeners) server_.listen(fd);
}

Task<> Loop::flush_logs() {
  while (!stopping_) {
    ErrorCodeSys ignored;
    flush_timer_.expires_after(kFlushEvery);
    co_await flush_timer_.async_wait(into(ignored));
    access_log_->flush();
  }
}

void Loop::stop(std::function<void()> on_done) {
  lifetime_.spawn(shut_down(std::move(on_done)));
}

Task<> Loop::shut_down(std::function<void()> on_done) {
  server_.stop_accepting();
  co_await server_.join();
  co_await application_->stop();
  if (redis_) co_await redis_->stop();
  if (remote_keys_) remote_keys_->stop();
  stopping_ = true;
  flush_timer_.cancel();
  if (access_log_) access_log_->flush();
  on_done();
}

}  // namespace sallyport::service
