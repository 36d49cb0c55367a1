#include "controllers/limits.hpp"

#include <utility>

#include "http/caller.hpp"
#include "sallyport/service/answers.hpp"

namespace sallyport::admin_service {
namespace {

constexpr auto kQuery = validation::ParameterIn::Query;

Error store_failed(const rate_limit::StoreError& error) {
  return fail(ErrorCode::ServiceUnavailable, "rate limits: " + error.message).error();
}

}  // namespace

std::expected<Limits::Asked, net::Response> Limits::asked(const service::Exchange& exchange) const {
  auto parameters = contract_.parameters(exchange);
  if (!parameters) return std::unexpected(std::move(parameters.error()));
  auto catalog = known_.get();
  if (!catalog) {
    return std::unexpected(
        service::refuse(exchange, ErrorCode::ServiceUnavailable,
                        "The limits of the gateway are not known here: the admin service has no gateway_config."));
  }
  // The contract requires both.
  auto target =
      find_target(*catalog, parameters->text(kQuery, "kind").value(), parameters->text(kQuery, "value").value());
  if (!target) return std::unexpected(service::refuse_invalid(exchange, target.error()));
  return Asked{std::move(catalog), *std::move(target)};
}

service::Answer Limits::show(service::Exchange& exchange) {
  auto about = asked(exchange);
  if (!about) co_return std::move(about.error());
  const auto states = co_await rate_limit::look(store_, std::move(about->target.counters));
  if (!states) co_return std::unexpected(store_failed(states.error()));
  co_return service::private_json(200, limits_json(about->target, *states));
}

service::Answer Limits::reset(service::Exchange& exchange) {
  auto caller = caller_of(exchange);
  if (!caller) co_return std::move(caller.error());
  auto about = asked(exchange);
  if (!about) co_return std::move(about.error());
  const auto states = co_await rate_limit::forget(store_, std::move(about->target.counters));
  if (!states) co_return std::unexpected(store_failed(states.error()));
  const LimitTarget& target = about->target;
  // An admin's write without its trace is not one: the admin is told to do it again.
  accounts::AuditEvent event{.type = accounts::AuditType::RateLimitReset,
                             .subject = target.user,
                             .origin = *std::move(caller),
                             .details = {{"kind", target.kind}}};
  if (!target.trace.empty()) event.details.emplace_back("target", target.trace);
  event.details.emplace_back("before", used_text(*states));
  auto recorded = co_await repository_.record(std::move(event), exchange.deadline);
  if (!recorded) co_return std::unexpected(std::move(recorded.error()));
  co_return service::no_content();
}

}  // namespace sallyport::admin_service
