#include "controllers/limits.hpp"

#include <utility>

#include "http/caller.hpp"
#include "limit_target.hpp"
#include "sallyport/service/answers.hpp"

namespace sallyport::admin_service {
namespace {

using rate_limit::LimitCatalog;

constexpr auto kQuery = validation::ParameterIn::Query;

net::Response not_known(const service::Exchange& exchange) {
  return service::refuse(exchange, ErrorCode::ServiceUnavailable,
                         "The limits of the gateway are not known here: the admin service has no gateway_config.");
}

std::expected<LimitTarget, net::Response> target_of(const service::Exchange& exchange, const LimitCatalog& catalog,
                                                    const validation::Parameters& parameters) {
  // The contract requires both.
  auto target = find_target(catalog, parameters.text(kQuery, "kind").value(), parameters.text(kQuery, "value").value());
  if (!target) return std::unexpected(service::refuse_invalid(exchange, target.error()));
  return *std::move(target);
}

Error store_failed(const rate_limit::StoreError& error) {
  return fail(ErrorCode::ServiceUnavailable, "rate limits: " + error.message).error();
}

}  // namespace

service::Answer Limits::show(service::Exchange& exchange) {
  auto parameters = contract_.parameters(exchange);
  if (!parameters) co_return std::move(parameters.error());
  const auto catalog = known_.get();
  if (!catalog) co_return not_known(exchange);
  auto target = target_of(exchange, *catalog, *parameters);
  if (!target) co_return std::move(target.error());
  const auto states = co_await rate_limit::look(store_, std::move(target->counters));
  if (!states) co_return std::unexpected(store_failed(states.error()));
  co_return service::private_json(200, limits_json(*target, *states));
}

service::Answer Limits::reset(service::Exchange& exchange) {
  auto caller = caller_of(exchange);
  if (!caller) co_return std::move(caller.error());
  auto parameters = contract_.parameters(exchange);
  if (!parameters) co_return std::move(parameters.error());
  const auto catalog = known_.get();
  if (!catalog) co_return not_known(exchange);
  auto target = target_of(exchange, *catalog, *parameters);
  if (!target) co_return std::move(target.error());
  const auto states = co_await rate_limit::forget(store_, std::move(target->counters));
  if (!states) co_return std::unexpected(store_failed(states.error()));
  // An admin's write without its trace is not one: the admin is told to do it again.
  accounts::AuditEvent event{.type = accounts::AuditType::RateLimitReset,
                             .subject = target->user,
                             .origin = *std::move(caller),
                             .details = {{"kind", target->kind}}};
  if (!target->trace.empty()) event.details.emplace_back("target", target->trace);
  event.details.emplace_back("before", used_text(*states));
  auto recorded = co_await repository_.record(std::move(event), exchange.deadline);
  if (!recorded) co_return std::unexpected(std::move(recorded.error()));
  co_return service::no_content();
}

}  // namespace sallyport::admin_service
