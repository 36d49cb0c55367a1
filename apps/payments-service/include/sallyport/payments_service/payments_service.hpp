#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/core/error.hpp"
#include "sallyport/denylist/memory_denylist.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/payments/http_processor.hpp"
#include "sallyport/payments_service/payments_config.hpp"
#include "sallyport/secrets/service_secrets.hpp"
#include "sallyport/storage/redis_url.hpp"
#include "sallyport/storage/sql/database_url.hpp"
#include "sallyport/tokens/key_set.hpp"

namespace sallyport::payments_service {

struct PaymentsServiceOptions {
  secrets::PaymentsSecrets secrets;  ///< its addresses are not looked at
  storage::DatabaseUrl database;
  payments::ProcessorUrl processor;
  PaymentsConfig config;
  std::optional<storage::RedisUrl> redis = std::nullopt;
  log::Logger* statement_log = nullptr;  ///< storage::SqlPoolOptions::statement_log; never in production
  /// That of an auth service in the same process, without Redis the only way to reach it. Null: of its own.
  std::shared_ptr<denylist::MemoryDenylist> denylist = nullptr;
  /// Set: they verify access tokens, and config.common.jwks_url is not looked at.
  std::shared_ptr<const tokens::KeySet> keys = nullptr;
};

/// The payments service: payments and refunds of the users whose access tokens come with the requests. start() and
/// stop() belong to one thread; that thread's signals are its caller's business.
class PaymentsService final {
 public:
  /// logger outlives the service; its redactor should know secrets.known_values(). Throws std::invalid_argument for an
  /// issuer, audience or jwks_url that is none.
  PaymentsService(PaymentsServiceOptions options, log::Logger& logger);
  ~PaymentsService();  ///< stops without draining
  PaymentsService(const PaymentsService&) = delete;
  PaymentsService& operator=(const PaymentsService&) = delete;

  /// Checks the schema, reaches Redis, listens. Blocks, for about ten seconds at most. The processor is not asked:
  /// while it is away payments are refused, and everything else works. An error's detail says what is the matter, with
  /// addresses and without secrets; the service is then stopped and of no use.
  /// interrupted: asked every few milliseconds; true gives up.
  Result<void> start(const std::function<bool()>& interrupted = {});
  /// "http://ADDR:PORT" of each listener, after start().
  const std::vector<std::string>& urls() const noexcept;

  /// Readiness turns 503 and answers close their connections; everything is still served.
  void begin_drain();
  /// Finishes what is in flight, then closes the database connections. Harmless to repeat.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::payments_service
