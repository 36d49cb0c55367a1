#include "controllers/own_account.hpp"

#include "controllers/forms.hpp"
#include "http/account_json.hpp"
#include "sallyport/service/answers.hpp"

namespace sallyport::auth_service {
namespace {

using service::no_content;
using service::private_json;
using service::refuse;
using service::refuse_for_now;

/// Who asks is known here, and stands in the audit trail.
accounts::RequestOrigin audit_origin_of(const Exchange& exchange, const Owner& owner) {
  accounts::RequestOrigin origin = audit_origin(exchange);
  origin.actor = owner.user;
  return origin;
}

/// A request of a user of ours that keeps the contract.
struct Asked {
  Owner owner;
  service::ContractRequest request;
};

/// What is asked and by whom, or the answer that it gets.
runtime::Task<std::expected<Asked, net::Response>> admit(const service::Contract& contract, Exchange& exchange) {
  auto owner = owner_of(exchange);
  if (!owner) co_return std::unexpected(std::move(owner.error()));
  auto request = co_await contract.check(exchange);
  if (!request) co_return std::unexpected(std::move(request.error()));
  co_return Asked{*owner, *std::move(request)};
}

}  // namespace

OwnAccount::Answer OwnAccount::me(Exchange& exchange) {
  auto asked = co_await admit(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  auto user = co_await service_.me(asked->owner.user, exchange.deadline);
  if (!user) co_return std::unexpected(std::move(user.error()));
  if (!*user || (*user)->status != accounts::UserStatus::Active) {
    co_return refuse(exchange, ErrorCode::TokenRevoked, "The account of this access token is not active.");
  }
  co_return private_json(200, user_json(**user));
}

OwnAccount::Answer OwnAccount::sessions(Exchange& exchange) {
  auto asked = co_await admit(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  auto listed = co_await service_.sessions(asked->owner.user, asked->owner.session, exchange.deadline);
  if (!listed) co_return std::unexpected(std::move(listed.error()));
  co_return private_json(200, sessions_json(*listed));
}

OwnAccount::Answer OwnAccount::delete_session(Exchange& exchange) {
  auto asked = co_await admit(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  const auto session = accounts::SessionId::parse(exchange.parameter("id"));
  Result<bool> ended = false;
  if (session) {
    ended = co_await service_.delete_session(asked->owner.user, *session, audit_origin_of(exchange, asked->owner),
                                             exchange.deadline);
  }
  if (!ended) co_return std::unexpected(std::move(ended.error()));
  if (*ended) co_return no_content();
  co_return refuse(exchange, ErrorCode::NotFound, "You have no open session with this id.");
}

OwnAccount::Answer OwnAccount::change_password(Exchange& exchange) {
  auto asked = co_await admit(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  const Owner& owner = asked->owner;
  auto outcome =
      co_await service_.change_password(new_password_in(asked->request.body.value, owner.user, owner.session),
                                        audit_origin_of(exchange, owner), exchange.deadline);
  if (!outcome) co_return std::unexpected(std::move(outcome.error()));
  if (std::holds_alternative<accounts::PasswordSet>(*outcome)) co_return no_content();
  if (const auto* locked = std::get_if<accounts::AccountLocked>(&*outcome)) {
    co_return refuse_for_now(exchange, ErrorCode::AccountLocked, "There were too many wrong passwords.",
                             locked->retry_after);
  }
  if (const auto* wrong = std::get_if<accounts::WrongPassword>(&*outcome)) {
    co_return refuse(exchange, ErrorCode::InvalidCredentials,
                     wrong->session_ended ? "The current password is wrong once too often: this session has ended."
                                          : "The current password is wrong.");
  }
  co_return refuse(exchange, ErrorCode::WeakPassword,
                   "Choose a password of 8 to 1024 bytes that is not one of the most common ones.");
}

OwnAccount::Answer OwnAccount::logout_all(Exchange& exchange) {
  auto asked = co_await admit(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  auto done =
      co_await service_.logout_all(asked->owner.user, audit_origin_of(exchange, asked->owner), exchange.deadline);
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return no_content();
}

}  // namespace sallyport::auth_service
