#pragma once

#include "http/exchange.hpp"
#include "sallyport/accounts/service.hpp"
#include "sallyport/service/contract.hpp"

namespace sallyport::auth_service {

/// The routes of a user who is logged in (Access::Bearer): me, sessions, password, logout everywhere. One for each
/// event loop.
class OwnAccount final {
 public:
  using Answer = runtime::Task<Result<net::Response>>;

  /// Both outlive it.
  OwnAccount(accounts::AccountService& service, const service::Contract& contract)
      : service_(service), contract_(contract) {}

  Answer me(Exchange& exchange);
  Answer sessions(Exchange& exchange);
  Answer delete_session(Exchange& exchange);
  Answer change_password(Exchange& exchange);
  Answer logout_all(Exchange& exchange);

 private:
  accounts::AccountService& service_;
  const service::Contract& contract_;
};

}  // namespace sallyport::auth_service
