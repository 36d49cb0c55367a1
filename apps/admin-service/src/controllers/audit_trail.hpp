#pragma once

#include "sallyport/accounts/repository.hpp"
#include "sallyport/cursors/cursors.hpp"
#include "sallyport/service/application.hpp"
#include "sallyport/service/contract.hpp"

namespace sallyport::admin_service {

/// /admin/audit-events: what happened, newest first. One for each event loop; all references outlive it.
class AuditTrail final {
 public:
  AuditTrail(accounts::AccountRepository& repository, const service::Contract& contract,
             const cursors::Cursors& cursors)
      : repository_(repository), contract_(contract), cursors_(cursors) {}

  service::Answer list(service::Exchange& exchange);

 private:
  accounts::AccountRepository& repository_;
  const service::Contract& contract_;
  const cursors::Cursors& cursors_;
};

}  // namespace sallyport::admin_service
