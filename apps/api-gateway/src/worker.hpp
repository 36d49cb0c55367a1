#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "application.hpp"
#include "identity/outside_issuer.hpp"
#include "identity/token_keys.hpp"
#include "middleware/authenticate.hpp"
#include "middleware/edge_filters.hpp"
#include "middleware/internal_routes.hpp"
#include "middleware/rate_limit_filter.hpp"
#include "middleware/request_context.hpp"
#include "middleware/route_match.hpp"
#include "middleware/route_rules.hpp"
#include "middleware/schema_check.hpp"
#include "middleware/security_headers.hpp"
#include "pages/pages.hpp"
#include "sallyport/api_gateway/config.hpp"
#include "sallyport/api_gateway/gateway.hpp"
#include "sallyport/net/server.hpp"
#include "sallyport/rate_limit/memory_store.hpp"
#include "sallyport/rate_limit/redis_store.hpp"
#include "sallyport/storage/redis_client.hpp"
#include "status/gateway_status.hpp"

namespace sallyport::api_gateway {

/// What all event loops of the process share. Everything in it is immutable or thread-safe, and outlives the workers.
struct Shared {
  Shared(const Config& settings, log::Logger& logger, const Gateway::Options& options);

  const Config& config;
  log::Logger& logger;
  const std::optional<storage::RedisUrl> redis;                    ///< without: counters in this process
  const std::shared_ptr<const denylist::MemoryDenylist> denylist;  ///< may be null
  const std::vector<KeyOrigin> key_origins;                        ///< none: no route asks for tokens
  SystemClock clock;
  const SteadyTime started = clock.now();
  FastRandom seed;
  const Router router;
  const CorsRules cors;
  const rate_limit::LimitSettings limit_settings;
  metrics::Registry registry;
  rate_limit::LimiterMetrics limiter_metrics;
  GatewayMetrics gateway_metrics;
  TokenMetrics token_metrics;
  SchemaMetrics schema_metrics;
  const std::shared_ptr<rate_limit::MemoryStore> counters;
  rate_limit::MemoryStore& memory_store = *counters;
  net::ConnectionBudget connections;
  std::vector<std::unique_ptr<UpstreamShared>> upstreams;
  std::atomic<bool> draining{false};
  std::vector<KeyState> key_states;  ///< one for each origin
  /// A token of that origin named a key that is not loaded. Set before the loops run; callable from any of them.
  std::function<void(std::size_t)> report_unknown_key = [](std::size_t) {};
  /// Has every loop of the process add to a census that the given loop waits for. Likewise.
  std::function<std::shared_ptr<Census>(runtime::Executor)> take_census;
};

/// One event loop with everything that works on it: its own store connection, upstream connections and server. Members
/// stand in the order in which they need each other; nothing is shared but `Shared`.
class Worker final {
 public:
  explicit Worker(Shared& shared);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  asio::io_context& io() noexcept { return io_; }

  // On the worker's own thread:
  /// Reaches the store and proves that it can be written to, or says why not. Before anything is served.
  runtime::Task<Result<void>> open_store(Deadline deadline);
  void serve(const std::vector<int>& listeners);
  void set_addresses(std::size_t upstream, const std::vector<asio::ip::tcp::endpoint>& endpoints);
  /// The keys that verify the access tokens of an origin from now on.
  void use_keys(std::size_t origin, const std::shared_ptr<const tokens::KeySet>& keys);
  // One worker of the process fetches them for all:
  /// The next origin's. publish: called on this loop with each new set. Before run() of the loop. Throws as TokenKeys
  /// does.
  void add_keys(tokens::RemoteJwks::Publish publish);
  void fetch_keys();
  void set_key_addresses(std::size_t origin, const std::vector<asio::ip::tcp::endpoint>& endpoints);
  void unknown_key(std::size_t origin);
  void add_to(Census& census) const { census.add(upstreams_); }
  void begin_drain() noexcept { server_.begin_drain(); }
  /// Closes the listeners, waits for the connections, then ends everything else: run() returns after that.
  void stop_when_done();
  void abort_connections() { server_.abort_connections(); }

 private:
  void compose();
  Readiness readiness() const;
  std::string status(const Census& census) const;
  runtime::Task<> flush_logs();
  runtime::Task<> shut_down();

  Shared& shared_;
  asio::io_context io_;
  FastRandom random_;
  metrics::Shard& shard_;
  net::Sweeper upstream_sweeper_;
  net::BufferPool upstream_buffers_;
  GatherBudget gather_budget_;
  std::optional<storage::RedisClient> redis_;
  std::optional<rate_limit::RedisStore> redis_store_;
  rate_limit::Limiter limiter_;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
  std::optional<log::AccessLog> access_log_;
  runtime::TaskScope tasks_;
  SessionCheck sessions_;
  std::optional<tokens::CachedVerifier> verifier_;
  std::vector<std::unique_ptr<OutsideIssuer>> outside_;
  std::vector<std::unique_ptr<TokenKeys>> keys_;  ///< one for each origin, in one worker of the process

  RequestContext request_context_;
  SecurityHeaders security_headers_;
  HostCheck host_check_;
  ClientAddressFilter client_address_;
  RouteMatch route_match_;
  InternalRoutes internal_routes_;
  Cors cors_;
  Authenticate authenticate_;
  RateLimit rate_limit_;
  RateLimitByUser rate_limit_by_user_;
  RouteRules route_rules_;
  SchemaCheck schema_check_;
  GatewayStatus gateway_status_;
  Pages pages_;
  Proxy proxy_;
  net::FilterChain<Exchange> chain_;
  net::FilterChain<Exchange> refusal_chain_;

  GatewayApplication application_;
  net::Server server_;
  runtime::Timer flush_timer_;
  runtime::TaskScope lifetime_;
  bool stopping_ = false;
};

}  // namespace sallyport::api_gateway
