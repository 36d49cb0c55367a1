#include "status/gateway_status.hpp"

#include "refuse.hpp"

namespace sallyport::api_gateway {
namespace {
constexpr std::chrono::seconds kPatience{1};
}  // namespace

runtime::Task<std::optional<net::Response>> GatewayStatus::wait(Exchange& exchange) {
  const std::shared_ptr<Census> census = ask_();
  if (!co_await census->wait(kPatience)) {
    net::Response late = refuse(exchange, ErrorCode::ServiceUnavailable,
                                "Not all of the gateway has answered in time; try again.", R"("retry_after":1)");
    late.add("Retry-After", "1");
    co_return late;
  }
  net::Response response;
  response.add("Content-Type", "application/json");
  response.add("Cache-Control", "no-store");
  response.body = tell_(*census);
  co_return response;
}

}  // namespace sallyport::api_gateway
