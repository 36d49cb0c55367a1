#pragma once

#include <expected>
#include <memory>

#include "known_limits.hpp"
#include "limit_target.hpp"
#include "sallyport/accounts/repository.hpp"
#include "sallyport/rate_limit/store.hpp"
#include "sallyport/service/application.hpp"
#include "sallyport/service/contract.hpp"

namespace sallyport::admin_service {

/// /admin/rate-limits: where a caller stands at the gateway, and a fresh start. One for each event loop; all references
/// outlive it.
class Limits final {
 public:
  Limits(const KnownLimits& known, rate_limit::RateLimitStore& store, accounts::AccountRepository& repository,
         const service::Contract& contract)
      : known_(known), store_(store), repository_(repository), contract_(contract) {}

  service::Answer show(service::Exchange& exchange);
  /// When the audit event cannot be written the counters are gone already, and the administrator is told to try again.
  service::Answer reset(service::Exchange& exchange);

 private:
  struct Asked {
    std::shared_ptr<const rate_limit::LimitCatalog> catalog;  ///< which the target refers to
    LimitTarget target;
  };
  /// Whose limits the request is about, or what it is answered instead.
  std::expected<Asked, net::Response> asked(const service::Exchange& exchange) const;

  const KnownLimits& known_;
  rate_limit::RateLimitStore& store_;
  accounts::AccountRepository& repository_;
  const service::Contract& contract_;
};

}  // namespace sallyport::admin_service
