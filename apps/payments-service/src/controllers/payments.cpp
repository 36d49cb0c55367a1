#include "controllers/payments.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "controllers/forms.hpp"
#include "sallyport/payments/json.hpp"
#include "sallyport/service/answers.hpp"
#include "sallyport/service/json_text.hpp"
#include "sallyport/service/paging.hpp"

namespace sallyport::payments_service {

using payments::PaymentId;
using payments::Refusal;
using payments::UserId;
using validation::ParameterIn;

namespace {

constexpr std::chrono::seconds kProcessorRetry{5};

net::Response not_found(const service::Exchange& exchange) {
  return service::refuse(exchange, ErrorCode::NotFound, "You have no payment with this id.");
}

payments::IdempotencyClaim claim_of(const service::Exchange& exchange, const service::ContractRequest& request) {
  payments::IdempotencyClaim claim;
  claim.key = std::string(request.parameters.text(ParameterIn::Header, "idempotency-key").value());
  claim.method = std::string(exchange.request.method_text);
  claim.path = std::string(exchange.path);
  claim.body_hash = payments::body_hash(request.body.text);
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

/// A request of one of our users that keeps the contract.
struct Asked {
  service::ContractRequest request;
  UserId user;
};

/// The same about one payment.
struct AskedOfPayment : Asked {
  PaymentId payment;
};

/// What is asked and by whom, or the answer that it gets.
runtime::Task<std::expected<Asked, net::Response>> admit(const service::Contract& contract,
                                                         service::Exchange& exchange) {
  auto request = co_await contract.check(exchange);
  if (!request) co_return std::unexpected(std::move(request.error()));
  const auto user = UserId::parse(exchange.principal.value().user);
  if (!user) {  // the token names no account of ours
    co_return std::unexpected(service::refuse(exchange, ErrorCode::InvalidToken, "The access token is not valid."));
  }
  co_return Asked{*std::move(request), *user};
}

runtime::Task<std::expected<AskedOfPayment, net::Response>> admit_to_payment(const service::Contract& contract,
                                                                             service::Exchange& exchange) {
  auto asked = co_await admit(contract, exchange);
  if (!asked) co_return std::unexpected(std::move(asked.error()));
  const auto id = PaymentId::parse(exchange.parameter("id"));
  if (!id) co_return std::unexpected(not_found(exchange));
  co_return AskedOfPayment{*std::move(asked), *id};
}

}  // namespace

service::Answer Payments::create(service::Exchange& exchange) {
  auto asked = co_await admit(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  auto outcome = co_await service_.create(new_payment(asked->user, asked->request.body.value),
                                          claim_of(exchange, asked->request), exchange.deadline);
  co_return answer(exchange, std::move(outcome));
}

service::Answer Payments::list(service::Exchange& exchange) {
  auto asked = co_await admit(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  const validation::Parameters& parameters = asked->request.parameters;
  const service::Paging paging(exchange, parameters, cursors_, {"status"});
  auto position = paging.position();
  if (!position) co_return std::move(position.error());

  payments::PaymentQuery query{.user = asked->user};
  query.limit = paging.limit();
  if (const auto status = parameters.text(ParameterIn::Query, "status")) {
    query.status = payments::parse_payment_status(*status);
  }
  if (*position) {
    query.after = read_position(**position);
    if (!query.after) co_return paging.refuse_cursor();
  }
  auto page = co_await service_.list(query, exchange.deadline);
  if (!page) co_return std::unexpected(std::move(page.error()));
  std::optional<std::string> next;
  if (page->more) next = paging.cursor_behind(position_of(page->payments.back()));
  const auto append = [](std::string& out, const payments::Payment& one) { out.append(payments::to_json(one)); };
  co_return service::private_json(200, service::page_json(page->payments, next, append));
}

service::Answer Payments::show(service::Exchange& exchange) {
  auto asked = co_await admit_to_payment(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  auto payment = co_await service_.get(asked->user, asked->payment, exchange.deadline);
  if (!payment) co_return std::unexpected(std::move(payment.error()));
  if (!*payment) co_return not_found(exchange);
  co_return service::private_json(200, payments::to_json(**payment).append("\n"));
}

service::Answer Payments::capture(service::Exchange& exchange) {
  auto asked = co_await admit_to_payment(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  auto outcome = co_await service_.capture({asked->user, asked->payment, capture_amount(asked->request.body.value)},
                                           std::nullopt, exchange.deadline);
  co_return answer(exchange, std::move(outcome));
}

service::Answer Payments::cancel(service::Exchange& exchange) {
  auto asked = co_await admit_to_payment(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  auto outcome = co_await service_.cancel({asked->user, asked->payment}, std::nullopt, exchange.deadline);
  co_return answer(exchange, std::move(outcome));
}

service::Answer Payments::refund(service::Exchange& exchange) {
  auto asked = co_await admit_to_payment(contract_, exchange);
  if (!asked) co_return std::move(asked.error());
  auto outcome = co_await service_.refund(new_refund(asked->user, asked->payment, asked->request.body.value),
                                          claim_of(exchange, asked->request), exchange.deadline);
  co_return answer(exchange, std::move(outcome));
}

}  // namespace sallyport::payments_service
