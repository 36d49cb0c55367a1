#include "worker.hpp"

#include <fmt/format.h>

#include "status/status_text.hpp"

namespace sallyport::api_gateway {

using runtime::into;
using runtime::Task;

namespace {
constexpr std::chrono::milliseconds kFlushEvery{100};
}  // namespace

Task<Result<void>> Worker::open_store(Deadline deadline) {
  if (!redis_) co_return Result<void>{};
  const auto unusable = [this](const std::string& why) {
    return fail(ErrorCode::ServiceUnavailable, fmt::format("redis at {}: {}", shared_.redis->endpoint(), why));
  };
  auto connected = co_await redis_->connect(deadline);
  if (!connected) co_return unusable(connected.error().message);
  auto loaded = co_await redis_store_->load(shared_.config.redis_key_prefix);
  if (!loaded) co_return unusable(loaded.error().message);
  co_return Result<void>{};
}

void Worker::serve(const std::vector<int>& listeners) {
  if (access_log_) lifetime_.spawn(flush_logs());
  for (const int fd : listeners) server_.listen(fd);
}

void Worker::set_addresses(std::size_t upstream, const std::vector<asio::ip::tcp::endpoint>& endpoints) {
  upstreams_[upstream]->set_addresses(endpoints);
}

Readiness Worker::readiness() const {
  Readiness state;
  state.ready = !shared_.draining.load(std::memory_order_relaxed);
  if (!redis_) {
    state.store = "in_process";
  } else if (!redis_->connected()) {  // not the breaker: it waits for a request, which an idle gateway does not get
    state.store = "unreachable";
  }
  // Ours alone: without somebody else's keys everything of ours can be served.
  if (verifier_)
    state.token_keys = shared_.key_states[0].keys.load(std::memory_order_relaxed) == 0 ? "not_loaded" : "ok";
  return state;
}

std::string Worker::status(const Census& census) const {
  const auto uptime = std::chrono::floor<std::chrono::seconds>(shared_.clock.now() - shared_.started);
  return status_json({.config = shared_.config,
                      .readiness = readiness(),
                      .uptime = uptime,
                      .connections = shared_.connections.open(),
                      .upstreams = shared_.upstreams,
                      .census = census});
}

void Worker::use_keys(std::size_t origin, const std::shared_ptr<const tokens::KeySet>& keys) {
  tokens::CachedVerifier& verifier = origin == 0 ? *verifier_ : outside_[origin - 1]->verifier();
  verifier.verifier().use(keys);
}

void Worker::add_keys(tokens::RemoteJwks::Publish publish) {
  keys_.push_back(std::make_unique<TokenKeys>(io_.get_executor(), shared_.clock, shared_.logger,
                                              shared_.key_origins[keys_.size()], shared_.config.jwks_refresh,
                                              std::move(publish)));
}

void Worker::fetch_keys() {
  for (const auto& keys : keys_) lifetime_.spawn(keys->run());
}

void Worker::set_key_addresses(std::size_t origin, const std::vector<asio::ip::tcp::endpoint>& endpoints) {
  keys_[origin]->set_addresses(endpoints);
}

void Worker::unknown_key(std::size_t origin) {
  shared_.key_states[origin].unknown_reported.store(false, std::memory_order_relaxed);
  keys_[origin]->unknown_key();
}

Task<> Worker::flush_logs() {
  while (!stopping_) {
    ErrorCodeSys ignored;
    flush_timer_.expires_after(kFlushEvery);
    co_await flush_timer_.async_wait(into(ignored));
    access_log_->flush();
  }
}

void Worker::stop_when_done() {
  lifetime_.spawn(shut_down());
}

Task<> Worker::shut_down() {
  server_.stop_accepting();
  co_await server_.join();
  co_await tasks_.join();
  for (const auto& keys : keys_) keys->stop();
  if (redis_) co_await redis_->stop();
  for (auto& upstream : upstreams_) upstream->set_addresses({});
  if (access_log_) access_log_->flush();
  stopping_ = true;
  flush_timer_.cancel();
}

}  // namespace sallyport::api_gateway
