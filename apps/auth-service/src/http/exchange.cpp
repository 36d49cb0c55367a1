#include "http/exchange.hpp"

#include "sallyport/service/answers.hpp"

namespace sallyport::auth_service {

accounts::RequestOrigin audit_origin(const Exchange& exchange) {
  const auto agent = exchange.request.fields.find("user-agent");
  return {std::nullopt, exchange.client_text, agent ? std::string(*agent) : std::string(), exchange.request_id};
}

std::expected<Owner, net::Response> owner_of(const Exchange& exchange) {
  const auto user = accounts::UserId::parse(exchange.principal.value().user);
  const auto session = accounts::SessionId::parse(exchange.principal->session);
  if (user && session) return Owner{*user, *session};
  return std::unexpected(service::refuse(exchange, ErrorCode::InvalidToken, "The access token is not valid."));
}

}  // namespace sallyport::auth_service
