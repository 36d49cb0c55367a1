#include "worker.hpp"

#include <fmt/format.h>

#include "adapters/redis_policy.hpp"
#include "sallyport/tokens/jwks.hpp"

namespace sallyport::auth_service {

using runtime::into;
using runtime::Task;

namespace {

constexpr std::chrono::seconds kDenyMargin{60};
constexpr std::chrono::milliseconds kFlushEvery{100};
constexpr std::size_t kVerifiedTokensMax = 4096;
constexpr std::uint32_t kConnectionsMax = 4096;

net::ServerLimits server_limits() {
  net::ServerLimits limits;
  limits.connections_max = kConnectionsMax;
  limits.connections_per_address_max = kConnectionsMax;  // all of them come from the gateway
  limits.requests_per_connection_max = 100'000;
  return limits;
}

storage::RedisOptions redis_options(const storage::RedisUrl& url) {
  storage::RedisOptions options;
  options.url = url;
  return options;
}

storage::SqlPoolOptions pool_options(const AuthServiceOptions& settings) {
  storage::SqlPoolOptions options;
  options.url = settings.database;
  options.connections_max = settings.database_connections_max;
  options.limits.allow_plaintext = settings.allow_plaintext;
  return options;
}

}  // namespace

Shared::Shared(AuthServiceOptions settings, log::Logger& log)
    : options(std::move(settings)),
      logger(log),
      denylist(options.denylist ? options.denylist : std::make_shared<MemoryDenylist>()),
      issuer(options.secrets.access_token_keys, {options.issuer, options.audience, options.access_ttl}),
      keys(tokens::KeySet::of(options.secrets.access_token_keys)),
      jwks(tokens::render_jwks(options.secrets.access_token_keys)),
      mint(options.secrets.refresh_token_keys, random),
      signer(issuer, clock, random),
      hasher(options.hashing, clock),
      device_cookies(options.secrets.device_cookie_keys),
      lockout_metrics(registry),
      metrics(registry),
      lockout_memory(clock),
      connections(kConnectionsMax, kConnectionsMax),
      pool(pool_options(options), clock),
      repository({pool, options.database.dialect, mint, signer, clock, random, logger}, options.lifetimes) {
  registry.counter_from("auth_password_hashes_total", "Argon2 computations.", {},
                        [this] { return static_cast<double>(hasher.counts().work()); });
  registry.counter_from("auth_password_hashes_refused_total", "Argon2 computations that there was no time for.", {},
                        [this] { return static_cast<double>(hasher.counts().overloaded); });
  registry.gauge("auth_password_hashes_waiting", "Argon2 computations that wait for a thread.", {},
                 [this] { return static_cast<double>(hasher.queued()); });
  registry.gauge("auth_database_connections_busy", "Database connections at work.", {},
                 [this] { return static_cast<double>(pool.statistics().busy); });
  registry.gauge("auth_database_waiting", "Calls that wait for a database connection.", {},
                 [this] { return static_cast<double>(pool.statistics().waiting); });
  registry.counter_from("auth_log_dropped_lines_total", "Log lines dropped because the sink was too slow.", {},
                        [this] { return static_cast<double>(logger.dropped_lines()); });
}

Worker::Worker(Shared& shared, Jobs jobs)
    : shared_(shared),
      io_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      shard_(shared.registry.make_shard()),
      lockout_(make_lockout_store(), io_.get_executor(), shared.clock, jitter_, shared.lockout_metrics, shard_),
      passwords_(shared.hasher, shared.policy),
      guard_(lockout_, shared.options.secrets.lookup_pepper),
      devices_(shared.device_cookies, shared.clock, shared.random),
      denylist_(*shared.denylist, redis_ ? &*redis_ : nullptr, shared.options.redis_key_prefix,
                shared.options.access_ttl + kDenyMargin, io_.get_executor(), shared.clock, shared.logger, shard_,
                shared.metrics.denylist_unchecked()),
      watch_(shared.logger, shared.metrics, shard_,
             [this] {
               if (jobs_) jobs_->republish_soon();
             }),
      service_({shared.repository, passwords_, guard_, devices_, denylist_, shared.mint, shared.signer, watch_,
                shared.clock, shared.random}),
      verifier_(tokens::AccessTokenVerifier({shared.options.issuer, shared.options.audience}, shared.keys),
                kVerifiedTokensMax),
      bearer_(verifier_, denylist_, shared.clock),
      context_(shared.options.trusted_gateways, shared.clock, jitter_),
      sign_in_(service_, shared.options.origins, shared.clock),
      own_account_(service_, bearer_),
      readiness_(shared.pool, redis_ ? &*redis_ : nullptr, shared.clock),
      application_({context_, sign_in_, own_account_, readiness_, shared.jwks, shared.registry, shared.metrics, shard_,
                    shared.logger, shared.options.access_log ? &access_log_.emplace(shared.logger) : nullptr,
                    shared.draining}),
      server_(io_.get_executor(), shared.clock, server_limits(), shared.connections, application_, shared.logger),
      flush_timer_(io_.get_executor()),
      lifetime_(io_.get_executor(), 4, [&logger = shared.logger](const std::exception_ptr&) {
        logger.write(log::Level::Critical, "worker_failed");
      }) {
  if (jobs == Jobs::Run) {
    jobs_.emplace(service_, shared.repository, io_.get_executor(), shared.clock, shared.logger, shared.metrics, shard_);
  }
}

Worker::~Worker() = default;

lockout::LockoutStore& Worker::make_lockout_store() {
  if (!shared_.options.redis) return shared_.lockout_memory;
  redis_.emplace(io_.get_executor(), redis_options(*shared_.options.redis), shared_.clock, jitter_, shared_.logger);
  lockout_redis_.emplace(*redis_, shared_.options.redis_key_prefix, shared_.clock, jitter_);
  return lockout_fallback_.emplace(*lockout_redis_, shared_.lockout_memory, shared_.clock, jitter_, shared_.logger,
                                   shared_.lockout_metrics, shard_);
}

Task<Result<void>> Worker::prepare(Deadline deadline) {
  if (redis_) {
    const auto unusable = [this](const std::string& why) {
      return fail(ErrorCode::ServiceUnavailable,
                  fmt::format("redis at {}: {}", shared_.options.redis->endpoint(), why));
    };
    auto connected = co_await redis_->connect(deadline);
    if (!connected) co_return unusable(connected.error().message);
    auto loaded = co_await lockout_redis_->load();
    if (!loaded) co_return unusable(loaded.error().message);
    auto policy = co_await check_memory_policy(*redis_, shared_.logger);
    if (!policy) co_return unusable(policy.error().detail);
  }
  // Before the first request: a restart must not revive the tokens of ended sessions.
  if (jobs_) co_return co_await jobs_->republish();
  co_return Result<void>{};
}

void Worker::give_up() {
  if (redis_) lifetime_.spawn(redis_->stop());
}

void Worker::serve(const std::vector<int>& listeners) {
  if (access_log_) lifetime_.spawn(flush_logs());
  if (jobs_) jobs_->start();
  for (const int fd : listeners) server_.listen(fd);
}

Task<> Worker::flush_logs() {
  while (!stopping_) {
    ErrorCodeSys ignored;
    flush_timer_.expires_after(kFlushEvery);
    co_await flush_timer_.async_wait(into(ignored));
    access_log_->flush();
  }
}

void Worker::stop(std::function<void()> on_done) {
  lifetime_.spawn(shut_down(std::move(on_done)));
}

Task<> Worker::shut_down(std::function<void()> on_done) {
  server_.stop_accepting();
  co_await server_.join();
  if (jobs_) co_await jobs_->stop();
  if (redis_) co_await redis_->stop();
  stopping_ = true;
  flush_timer_.cancel();
  if (access_log_) access_log_->flush();
  on_done();
}

}  // namespace sallyport::auth_service
