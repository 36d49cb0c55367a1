#pragma once

#include "http/bearer.hpp"
#include "http/exchange.hpp"
#include "sallyport/accounts/service.hpp"

namespace sallyport::auth_service {

/// The routes of a user who is logged in: me, sessions, password, logout everywhere. One for each event loop.
class OwnAccount final {
 public:
  using Answer = runtime::Task<Result<net::Response>>;

  OwnAccount(accounts::AccountService& service, Bearer& bearer) : service_(service), bearer_(bearer) {}

  Answer me(Exchange& exchange);
  Answer sessions(Exchange& exchange);
  Answer delete_session(Exchange& exchange);
  Answer change_password(Exchange& exchange);
  Answer logout_all(Exchange& exchange);

 private:
  accounts::AccountService& service_;
  Bearer& bearer_;
};

}  // namespace sallyport::auth_service
