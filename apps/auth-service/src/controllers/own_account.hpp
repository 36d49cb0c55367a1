#pragma once

#include "http/exchange.hpp"
#include "sallyport/accounts/service.hpp"

namespace sallyport::auth_service {

/// The routes of a user who is logged in (Access::Bearer): me, sessions, password, logout everywhere. One for each
/// event loop.
class OwnAccount final {
 public:
  using Answer = runtime::Task<Result<net::Response>>;

  explicit OwnAccount(accounts::AccountService& service) : service_(service) {}

  Answer me(Exchange& exchange);
  Answer sessions(Exchange& exchange);
  Answer delete_session(Exchange& exchange);
  Answer change_password(Exchange& exchange);
  Answer logout_all(Exchange& exchange);

 private:
  accounts::AccountService& service_;
};

}  // namespace sallyport::auth_service
