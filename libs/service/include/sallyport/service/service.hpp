#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sallyport/core/error.hpp"
#include "sallyport/core/ip_address.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/denylist/denylist.hpp"
#include "sallyport/net/server.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/service/application.hpp"
#include "sallyport/service/request_context.hpp"
#include "sallyport/storage/redis_client.hpp"
#include "sallyport/storage/sql/pool.hpp"
#include "sallyport/tokens/jwks_source.hpp"
#include "sallyport/tokens/key_set.hpp"

namespace sallyport::service {

/// Where the keys that verify access tokens come from: they are at hand, or another service publishes them.
using Keys = std::variant<std::shared_ptr<const tokens::KeySet>, tokens::JwksUrl>;

struct ServiceOptions {
  std::string name;               ///< "payments": names its metrics (payments_requests_total) and its logs
  std::span<const Route> routes;  ///< outlive the service
  std::vector<Document> documents =
      {};                ///< served to anyone; `/health`, `/health/ready`, `/metrics` come by themselves
  std::string issuer;    ///< of the access tokens; required
  std::string audience;  ///< likewise
  Keys keys;             ///< required
  std::vector<net::ListenPoint> listen = {};  ///< port 0: any free one
  std::uint32_t threads = 1;                  ///< event loops; 0: one for each core
  /// Whose word about the client, the request's id and the time left is taken.
  std::vector<Cidr> trusted_gateways = loopback_blocks();
  std::optional<storage::RedisUrl> redis = std::nullopt;  ///< without: the denylist is this process's own
  std::string redis_key_prefix = "sp:";
  /// The denylist of this process; hand in the one that others in the same process use. Null: one of its own.
  std::shared_ptr<denylist::MemoryDenylist> denylist = nullptr;
  bool access_log = true;
  std::chrono::milliseconds shutdown_timeout{30000};  ///< for what is in flight when the service stops
};

/// What an application is given on its event loop. Everything outlives it; of the loop are those members that are not
/// thread-safe.
struct LoopContext {
  std::size_t index;  ///< 0: the loop that runs the jobs of which there is one
  runtime::Executor executor;
  const Clock& clock;
  Random& random;  ///< fast, not for secrets
  metrics::Shard& shard;
  log::Logger& logger;
  storage::RedisClient* redis;  ///< nullptr: without
  denylist::Denylist& denylist;
};

/// The shell of a backend service: event loops, listeners, routing, bearers, health, metrics, access log, and their
/// life. What the service is about comes from `make`. start() and stop() belong to one thread; that thread's signals
/// are its caller's business.
class Service final {
 public:
  /// All of it outlives the service.
  struct Surroundings {
    metrics::Registry& registry;  ///< no shard has been made yet
    log::Logger& logger;
    const Clock& clock;
    storage::SqlPool* database = nullptr;  ///< asked for readiness, stopped by stop(); nullptr: without
  };
  /// Called by start(), on its thread, once for each event loop. The context lives as long as the application.
  using Make = std::function<std::unique_ptr<Application>(LoopContext& context)>;

  /// Throws std::invalid_argument for routes that contradict each other, an empty issuer or audience, and no keys.
  Service(ServiceOptions options, const Surroundings& surroundings, Make make);
  ~Service();  ///< stops without draining
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  /// Reaches Redis, prepares the applications, listens. Blocks, for about ten seconds at most. Keys of another service
  /// are not waited for: until they are there, routes with an access answer 503. An error's detail says what is the
  /// matter, with addresses and without secrets; the service is then stopped and of no use.
  /// interrupted: asked every few milliseconds; true gives up.
  Result<void> start(const std::function<bool()>& interrupted = {});
  /// "http://ADDR:PORT" of each listener, after start().
  const std::vector<std::string>& urls() const noexcept;

  /// Readiness turns 503 and answers close their connections; everything is still served.
  void begin_drain();
  /// Closes the listeners, finishes what is in flight (cut off after shutdown_timeout), ends the applications, then the
  /// database connections. Harmless to repeat.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::service
