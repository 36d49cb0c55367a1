#include "controllers/payments.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "controllers/forms.hpp"
#include "sallyport/payments/json.hpp"
#include "sallyport/service/answers.hpp"

namespace sallyport::payments_service {

using payments::PaymentId;
using payments::Refusal;
using payments::UserId;
using validation::ParameterIn;

namespace {

constexpr std::chrono::seconds kProcessorRetry{5};

/// Who asks. nullopt: the token names no account of ours.
std::optional<UserId> caller_of(const service::Exchange& exchange) {
  return UserId::parse(exchange.principal.value().user);
}

net::Response not_ours(const service::Exchange& exchange) {
  return service::refuse(exchange, ErrorCode::InvalidToken, "The access token is not valid.");
}

net::Response not_found(const service::Exchange& exchange) {
  return service::refuse(exchange, ErrorCode::NotFound, "You have no payment with this id.");
}

payments::IdempotencyClaim claim_of(const service::Exchange& exchange, const Request& request) {
  payments::IdempotencyClaim claim;
  claim.key = std::string(request.parameters.text(ParameterIn::Header, "idempotency-key").value());
  claim.method = std::string(exchange.request.method_text);
  claim.path = std::string(exchange.path);
  claim.body_hash = payments::body_hash(request.text);
  // A proxy that tries once more wants the answer of its first try, not to be told that it runs.
  if (exchange.request.fields.find("x-retry-attempt")) claim.while_running = payments::WhileRunning::Wait;
  return claim;
}

net::Response refuse(const service::Exchange& exchange, Refusal refusal) {
  const ErrorCode code = payments::code_of(refusal);
  switch (refusal) {
    case Refusal::NotFound:
      return not_found(exchange);
    case Refusal::InvalidPaymentState:
      return service::refuse(exchange, code, "The payment's state or what is left of its amount does not allow this.");
    case Refusal::RequestInProgress:
      return service::refuse(exchange, code, "The first request with this Idempotency-Key is still under way.");
    case Refusal::IdempotencyKeyReused:
      return service::refuse(exchange, code, "This Idempotency-Key came with another body before.");
    case Refusal::ProcessorClosed:
      break;
  }
  return service::refuse_for_now(exchange, code, "The card processor cannot be reached.", kProcessorRetry);
}

Result<net::Response> answer(const service::Exchange& exchange, Result<payments::PaymentService::Outcome> outcome) {
  if (!outcome) return std::unexpected(std::move(outcome.error()));
  if (const auto* refusal = std::get_if<Refusal>(&*outcome)) return refuse(exchange, *refusal);
  payments::Answer& made = std::get<payments::Answer>(*outcome);
  return service::private_json(made.status, std::move(made.body.append("\n")));
}

}  // namespace

service::Answer Payments::create(service::Exchange& exchange) {
  auto request = co_await contract_.check(exchange);
  if (!request) co_return std::move(request.error());
  const auto user = caller_of(exchange);
  if (!user) co_return not_ours(exchange);
  auto outcome =
      co_await service_.create(new_payment(*user, request->body), claim_of(exchange, *request), exchange.deadline);
  co_return answer(exchange, std::move(outcome));
}

service::Answer Payments::list(service::Exchange& exchange) {
  auto request = co_await contract_.check(exchange);
  if (!request) co_return std::move(request.error());
  const auto user = caller_of(exchange);
  if (!user) co_return not_ours(exchange);
  const validation::Parameters& parameters = request->parameters;
  payments::PaymentQuery query{.user = *user};
  cursors::Scope scope{.user = exchange.principal->user, .route = "GET /payments"};
  if (const auto status = parameters.text(ParameterIn::Query, "status")) {
    query.status = payments::parse_payment_status(*status);
    scope.filters.emplace_back("status", *status);
  }
  if (const auto cursor = parameters.text(ParameterIn::Query, "cursor")) {
    const auto opened = cursors_.open(scope, *cursor);
    if (opened) query.after = read_position(*opened);
    if (!query.after) {
      co_return service::refuse_invalid(
          exchange, service::FieldError{"/query/cursor", "cursor", "is not the cursor of a page of this list"});
    }
  }
  // The schema has bounds and a default for it.
  query.limit = static_cast<int>(parameters.find(ParameterIn::Query, "limit")->to_number<std::int64_t>());
  auto page = co_await service_.list(query, exchange.deadline);
  if (!page) co_return std::unexpected(std::move(page.error()));
  std::string body = R"({"data":[)";
  for (const payments::Payment& payment : page->payments) {
    if (body.back() == '}') body.push_back(',');
    body.append(payments::to_json(payment));
  }
  body.append(R"(],"next_cursor":)");
  if (page->more) {
    body.append("\"").append(cursors_.seal(scope, position_of(page->payments.back()))).append("\"");
  } else {
    body.append("null");
  }
  co_return service::private_json(200, std::move(body.append("}\n")));
}

service::Answer Payments::show(service::Exchange& exchange) {
  auto request = co_await contract_.check(exchange);
  if (!request) co_return std::move(request.error());
  const auto user = caller_of(exchange);
  if (!user) co_return not_ours(exchange);
  const auto id = PaymentId::parse(exchange.parameter("id"));
  if (!id) co_return not_found(exchange);
  auto payment = co_await service_.get(*user, *id, exchange.deadline);
  if (!payment) co_return std::unexpected(std::move(payment.error()));
  if (!*payment) co_return not_found(exchange);
  co_return service::private_json(200, payments::to_json(**payment).append("\n"));
}

service::Answer Payments::capture(service::Exchange& exchange) {
  auto request = co_await contract_.check(exchange);
  if (!request) co_return std::move(request.error());
  const auto user = caller_of(exchange);
  if (!user) co_return not_ours(exchange);
  const auto id = PaymentId::parse(exchange.parameter("id"));
  if (!id) co_return not_found(exchange);
  auto outcome =
      co_await service_.capture({*user, *id, capture_amount(request->body)}, std::nullopt, exchange.deadline);
  co_return answer(exchange, std::move(outcome));
}

service::Answer Payments::cancel(service::Exchange& exchange) {
  auto request = co_await contract_.check(exchange);
  if (!request) co_return std::move(request.error());
  const auto user = caller_of(exchange);
  if (!user) co_return not_ours(exchange);
  const auto id = PaymentId::parse(exchange.parameter("id"));
  if (!id) co_return not_found(exchange);
  auto outcome = co_await service_.cancel({*user, *id}, std::nullopt, exchange.deadline);
  co_return answer(exchange, std::move(outcome));
}

service::Answer Payments::refund(service::Exchange& exchange) {
  auto request = co_await contract_.check(exchange);
  if (!request) co_return std::move(request.error());
  const auto user = caller_of(exchange);
  if (!user) co_return not_ours(exchange);
  const auto id = PaymentId::parse(exchange.parameter("id"));
  if (!id) co_return not_found(exchange);
  auto outcome =
      co_await service_.refund(new_refund(*user, *id, request->body), claim_of(exchange, *request), exchange.deadline);
  co_return answer(exchange, std::move(outcome));
}

}  // namespace sallyport::payments_service
