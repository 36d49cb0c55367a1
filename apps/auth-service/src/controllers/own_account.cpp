#include "controllers/own_account.hpp"

#include <array>

#include "http/answers.hpp"
#include "http/body.hpp"

namespace sallyport::auth_service {
namespace {

constexpr std::array kPasswordChange{FormField{"current_password"}, FormField{"new_password"}};

/// Who asks is known here, and stands in the audit trail.
accounts::RequestOrigin origin_of(const Exchange& exchange, const Principal& principal) {
  accounts::RequestOrigin origin = exchange.origin();
  origin.actor = principal.user;
  return origin;
}

}  // namespace

OwnAccount::Answer OwnAccount::me(Exchange& exchange) {
  auto principal = co_await bearer_.authenticate(exchange);
  if (!principal) co_return std::move(principal.error());
  auto user = co_await service_.me(principal->user, exchange.deadline);
  if (!user) co_return std::unexpected(std::move(user.error()));
  if (!*user || (*user)->status != accounts::UserStatus::Active) {
    co_return refuse(exchange, ErrorCode::TokenRevoked, "The account of this access token is not active.");
  }
  co_return private_json(200, user_json(**user));
}

OwnAccount::Answer OwnAccount::sessions(Exchange& exchange) {
  auto principal = co_await bearer_.authenticate(exchange);
  if (!principal) co_return std::move(principal.error());
  auto listed = co_await service_.sessions(principal->user, principal->session, exchange.deadline);
  if (!listed) co_return std::unexpected(std::move(listed.error()));
  co_return private_json(200, sessions_json(*listed));
}

OwnAccount::Answer OwnAccount::delete_session(Exchange& exchange) {
  auto principal = co_await bearer_.authenticate(exchange);
  if (!principal) co_return std::move(principal.error());
  const auto session = accounts::SessionId::parse(exchange.session_id);
  Result<bool> ended = false;
  if (session) {
    ended =
        co_await service_.delete_session(principal->user, *session, origin_of(exchange, *principal), exchange.deadline);
  }
  if (!ended) co_return std::unexpected(std::move(ended.error()));
  if (*ended) co_return no_content();
  co_return refuse(exchange, ErrorCode::NotFound, "You have no open session with this id.");
}

OwnAccount::Answer OwnAccount::change_password(Exchange& exchange) {
  auto principal = co_await bearer_.authenticate(exchange);
  if (!principal) co_return std::move(principal.error());
  auto form = co_await receive_form(exchange, kPasswordChange);
  if (!form) co_return std::move(form.error());
  accounts::NewPassword change{principal->user, principal->session, form->secret("current_password"),
                               form->secret("new_password")};
  auto outcome =
      co_await service_.change_password(std::move(change), origin_of(exchange, *principal), exchange.deadline);
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
  auto principal = co_await bearer_.authenticate(exchange);
  if (!principal) co_return std::move(principal.error());
  auto done = co_await service_.logout_all(principal->user, origin_of(exchange, *principal), exchange.deadline);
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return no_content();
}

}  // namespace sallyport::auth_service
