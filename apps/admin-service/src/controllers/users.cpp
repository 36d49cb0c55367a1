#include "controllers/users.hpp"

#include <utility>

#include <boost/json/object.hpp>

#include "http/admin_json.hpp"
#include "http/caller.hpp"
#include "sallyport/service/answers.hpp"
#include "sallyport/service/json_text.hpp"
#include "sallyport/service/paging.hpp"

namespace sallyport::admin_service {
namespace {

using accounts::UserId;
using service::no_content;
using service::private_json;
using service::refuse;

constexpr auto kQuery = validation::ParameterIn::Query;

net::Response no_such_user(const service::Exchange& exchange) {
  return refuse(exchange, ErrorCode::NotFound, "There is no user with this id.");
}

std::string_view text_of(const boost::json::value& value) {
  return {value.as_string().data(), value.as_string().size()};
}

/// The schema has let these values through, so they can be read.
accounts::UserChange change_from(UserId user, const boost::json::value& body) {
  accounts::UserChange change{.user = user};
  const boost::json::object& fields = body.as_object();
  if (const auto* role = fields.if_contains("role")) change.role = accounts::parse_role(text_of(*role)).value();
  if (const auto* status = fields.if_contains("status")) {
    change.status = accounts::parse_user_status(text_of(*status)).value();
  }
  return change;
}

}  // namespace

Users::Answer Users::list(Exchange& exchange) {
  auto parameters = contract_.parameters(exchange);
  if (!parameters) co_return std::move(parameters.error());
  const service::Paging paging(exchange, *parameters, cursors_, {"query", "status"});
  auto position = paging.position();
  if (!position) co_return std::move(position.error());

  accounts::UserQuery query{.limit = paging.limit() + 1};
  query.email_part = parameters->text(kQuery, "query").value_or("");
  if (const auto status = parameters->text(kQuery, "status"))
    query.status = accounts::parse_user_status(*status).value();
  if (*position) {
    query.after = UserId::parse(**position);
    if (!query.after) co_return paging.refuse_cursor();
  }
  auto users = co_await repository_.list_users(std::move(query), exchange.deadline);
  if (!users) co_return std::unexpected(std::move(users.error()));
  std::optional<std::string> next;
  if (service::cut_to(*users, paging.limit())) next = paging.cursor_behind(users->back().id.to_string());
  co_return private_json(200, users_json(*users, next));
}

Users::Answer Users::show(Exchange& exchange) {
  auto parameters = contract_.parameters(exchange);
  if (!parameters) co_return std::move(parameters.error());
  const auto id = UserId::parse(exchange.parameter("id"));
  if (!id) co_return no_such_user(exchange);
  auto user = co_await service_.me(*id, exchange.deadline);
  if (!user) co_return std::unexpected(std::move(user.error()));
  if (!*user) co_return no_such_user(exchange);
  co_return private_json(200, user_json(**user));
}

Users::Answer Users::change(Exchange& exchange) {
  auto caller = caller_of(exchange);
  if (!caller) co_return std::move(caller.error());
  auto parameters = contract_.parameters(exchange);
  if (!parameters) co_return std::move(parameters.error());
  auto body = co_await contract_.body(exchange);
  if (!body) co_return std::move(body.error());
  const auto id = UserId::parse(exchange.parameter("id"));
  if (!id) co_return no_such_user(exchange);

  auto changed = co_await service_.change_user(change_from(*id, body->value), *std::move(caller), exchange.deadline);
  if (!changed) co_return std::unexpected(std::move(changed.error()));
  if (std::holds_alternative<accounts::UserNotFound>(*changed)) co_return no_such_user(exchange);
  if (std::holds_alternative<accounts::LastAdmin>(*changed)) {
    co_return refuse(exchange, ErrorCode::LastAdmin, "This is the last active administrator, who stays one.");
  }
  co_return private_json(200, user_json(std::get<accounts::User>(*changed)));
}

Users::Answer Users::unlock(Exchange& exchange) {
  auto caller = caller_of(exchange);
  if (!caller) co_return std::move(caller.error());
  auto parameters = contract_.parameters(exchange);
  if (!parameters) co_return std::move(parameters.error());
  const auto id = UserId::parse(exchange.parameter("id"));
  Result<bool> unlocked = false;
  if (id) unlocked = co_await service_.unlock(*id, *std::move(caller), exchange.deadline);
  if (!unlocked) co_return std::unexpected(std::move(unlocked.error()));
  if (!*unlocked) co_return no_such_user(exchange);
  co_return no_content();
}

Users::Answer Users::revoke_sessions(Exchange& exchange) {
  auto caller = caller_of(exchange);
  if (!caller) co_return std::move(caller.error());
  auto parameters = contract_.parameters(exchange);
  if (!parameters) co_return std::move(parameters.error());
  const auto id = UserId::parse(exchange.parameter("id"));
  if (!id) co_return no_such_user(exchange);
  auto user = co_await service_.me(*id, exchange.deadline);
  if (!user) co_return std::unexpected(std::move(user.error()));
  if (!*user) co_return no_such_user(exchange);
  auto revoked = co_await service_.revoke_sessions(*id, *std::move(caller), exchange.deadline);
  if (!revoked) co_return std::unexpected(std::move(revoked.error()));
  std::string out = "{";
  service::append_member(out, "revoked", *revoked);
  co_return private_json(200, out.append("}\n"));
}

}  // namespace sallyport::admin_service
