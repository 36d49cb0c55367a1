#include "http/caller.hpp"

#include <string>

#include "sallyport/service/answers.hpp"

namespace sallyport::admin_service {

std::expected<accounts::RequestOrigin, net::Response> caller_of(const service::Exchange& exchange) {
  const auto user = accounts::UserId::parse(exchange.principal.value().user);
  if (!user)
    return std::unexpected(service::refuse(exchange, ErrorCode::InvalidToken, "The access token is not valid."));
  const auto agent = exchange.request.fields.find("user-agent");
  return accounts::RequestOrigin{.actor = *user,
                                 .address = exchange.client_text,
                                 .user_agent = agent ? std::string(*agent) : std::string(),
                                 .request_id = exchange.request_id};
}

}  // namespace sallyport::admin_service
