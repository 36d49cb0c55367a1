#pragma once

#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/storage/redis_client.hpp"
#include "sallyport/storage/sql/pool.hpp"

namespace sallyport::service {

/// Whether the stores can be reached, for /health/ready. The database is asked at most once a second by each event
/// loop, however many ask; who comes while it is asked gets the last answer. One for each event loop.
class Readiness final {
 public:
  /// nullptr: without. All outlive it.
  Readiness(storage::SqlPool* pool, const storage::RedisClient* redis, const Clock& clock)
      : pool_(pool), redis_(redis), clock_(clock) {}

  struct State {
    bool database = false;          ///< true without one
    std::string_view redis = "ok";  ///< "ok", "unreachable", "none"; a service without Redis stays ready
  };
  runtime::Task<State> look();

 private:
  storage::SqlPool* pool_;
  const storage::RedisClient* redis_;
  const Clock& clock_;
  SteadyTime valid_until_{};
  bool database_ = true;  ///< it answered at the start
  bool asking_ = false;
};

}  // namespace sallyport::service
