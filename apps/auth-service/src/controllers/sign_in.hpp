#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/exchange.hpp"
#include "sallyport/accounts/service.hpp"
#include "sallyport/net/response.hpp"
#include "sallyport/service/contract.hpp"

namespace sallyport::auth_service {

/// The routes that need no access token: register, login, refresh, logout. An Error is what went wrong on our side;
/// every refusal is an answer. One for each event loop.
class SignIn final {
 public:
  using Answer = runtime::Task<Result<net::Response>>;

  /// origins: besides our own, those whose pages may use the cookie. All outlive it.
  SignIn(accounts::AccountService& service, const service::Contract& contract, const std::vector<std::string>& origins,
         const Clock& clock)
      : service_(service), contract_(contract), origins_(origins), clock_(clock) {}

  Answer register_user(Exchange& exchange);
  Answer login(Exchange& exchange);
  Answer refresh(Exchange& exchange);
  Answer logout(Exchange& exchange);

 private:
  struct PresentedRefresh {
    Secret<std::string> token;
    bool by_cookie = false;
    std::optional<Secret<std::string>> idempotency_key;
    SteadyTime received_at;
  };
  runtime::Task<std::expected<PresentedRefresh, net::Response>> receive_refresh_token(Exchange& exchange);

  accounts::AccountService& service_;
  const service::Contract& contract_;
  const std::vector<std::string>& origins_;
  const Clock& clock_;
};

}  // namespace sallyport::auth_service
