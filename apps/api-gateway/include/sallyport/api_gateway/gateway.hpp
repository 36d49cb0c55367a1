#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/denylist/memory_denylist.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/rate_limit/memory_store.hpp"
#include "sallyport/storage/redis_url.hpp"

namespace sallyport::api_gateway {

struct Config;

/// A gateway process: its event loops, its listeners, its life.
class Gateway final {
 public:
  struct Options {
    std::optional<storage::RedisUrl> redis;  ///< without: counters in this process
    /// Ended sessions of an auth service in the same process; without Redis the only way to hear of them. May be null.
    std::shared_ptr<denylist::MemoryDenylist> denylist;
    /// The counters of this process; hand in those that an admin service in it looks at. Null: of the gateway's own.
    std::shared_ptr<rate_limit::MemoryStore> counters;
    /// Called once, when requests are served, with "http://ADDR:PORT" of each listener.
    std::function<void(const std::vector<std::string>& urls)> on_listening;
  };

  /// config and logger outlive the gateway. Throws std::invalid_argument for a config that load_config() would refuse.
  Gateway(const Config& config, log::Logger& logger, Options options);
  ~Gateway();

  /// Serves until SIGTERM or SIGINT, drains, and returns the process' exit code: 0, or 1 when it could not start, with
  /// the reason in `error`. The calling thread must have blocked both signals before any thread was started.
  int run(std::string& error);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::api_gateway
