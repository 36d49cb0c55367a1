#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dispatcher.hpp"
#include "remote_keys.hpp"
#include "sallyport/net/server.hpp"

namespace sallyport::service {

/// One event loop with everything that works on it. Members stand in the order in which they need each other.
class Loop final {
 public:
  /// unknown_key: called on this loop's thread when a token names a key that is not loaded.
  Loop(Shell& shell, std::size_t index, const Service::Make& make, std::function<void()> unknown_key);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  asio::io_context& io() noexcept { return io_; }

  // On the loop's own thread:
  /// Fetches another service's keys from now on; publish gets each new set.
  void keep_keys(tokens::RemoteJwks::Publish publish);
  void unknown_key() noexcept;
  void use(std::shared_ptr<const tokens::KeySet> keys) noexcept { bearer_.use(std::move(keys)); }
  /// Reaches Redis and proves that it keeps what it is given; then prepares the application.
  runtime::Task<Result<void>> prepare(Deadline deadline);
  /// Makes prepare() fail soon.
  void give_up();
  void serve(const std::vector<int>& listeners);
  void begin_drain() noexcept { server_.begin_drain(); }
  /// Ends everything; on_done is called when nothing of this loop serves any more.
  void stop(std::function<void()> on_done);
  void abort_connections() { server_.abort_connections(); }

 private:
  storage::RedisClient* make_redis();
  runtime::Task<> flush_logs();
  runtime::Task<> shut_down(std::function<void()> on_done);

  Shell& shell_;
  asio::io_context io_;
  FastRandom jitter_;
  metrics::Shard& shard_;
  std::optional<storage::RedisClient> redis_;
  denylist::Denylist denylist_;
  Bearer bearer_;
  LoopContext context_;
  std::unique_ptr<Application> application_;
  RequestContext request_context_;
  Readiness readiness_;
  std::optional<log::AccessLog> access_log_;
  Dispatcher dispatcher_;
  net::Server server_;
  std::optional<RemoteKeys> remote_keys_;
  runtime::Timer flush_timer_;
  runtime::TaskScope lifetime_;
  bool stopping_ = false;
};

}  // namespace sallyport::service
