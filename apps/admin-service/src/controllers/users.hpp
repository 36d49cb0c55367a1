#pragma once

#include "sallyport/accounts/service.hpp"
#include "sallyport/cursors/cursors.hpp"
#include "sallyport/service/application.hpp"
#include "sallyport/service/contract.hpp"

namespace sallyport::admin_service {

/// /admin/users and what is below. One for each event loop; all references outlive it.
class Users final {
 public:
  using Answer = service::Answer;
  using Exchange = service::Exchange;

  Users(accounts::AccountService& service, accounts::AccountRepository& repository, const service::Contract& contract,
        const cursors::Cursors& cursors)
      : service_(service), repository_(repository), contract_(contract), cursors_(cursors) {}

  Answer list(Exchange& exchange);
  Answer show(Exchange& exchange);
  Answer change(Exchange& exchange);
  Answer unlock(Exchange& exchange);
  Answer revoke_sessions(Exchange& exchange);

 private:
  accounts::AccountService& service_;
  accounts::AccountRepository& repository_;
  const service::Contract& contract_;
  const cursors::Cursors& cursors_;
};

}  // namespace sallyport::admin_service
