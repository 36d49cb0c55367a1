#include "sallyport/service/contract.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "sallyport/net/request_body.hpp"
#include "sallyport/openapi/documents.hpp"
#include "sallyport/service/answers.hpp"
#include "sallyport/service/body.hpp"

namespace sallyport::service {
namespace {

validation::OpenApi load(std::string_view name) {
  auto loaded = validation::OpenApi::load(openapi::document(name));
  if (loaded) return *std::move(loaded);
  std::string text = fmt::format("openapi/{}.yaml", name);
  for (const validation::OpenApiProblem& problem : loaded.error()) text += ": " + problem.place + ": " + problem.why;
  throw std::logic_error(text);
}

net::Response refuse(const Exchange& exchange, const validation::BodyFault& fault) {
  if (const auto* malformed = std::get_if<validation::Malformed>(&fault)) {
    return service::refuse(exchange, ErrorCode::MalformedRequest, malformed->why);
  }
  if (const auto* errors = std::get_if<validation::ValidationErrors>(&fault)) return refuse_invalid(exchange, *errors);
  return service::refuse(exchange, ErrorCode::UnsupportedMediaType,
                         "This route takes application/json and nothing else.");
}

/// Nothing was sent: no body, or one that is announced as empty.
bool no_body(const Exchange& exchange) {
  const net::RequestBody& body = *exchange.body;
  return !body.has_body() || (body.framing() == net::http::Framing::Length && exchange.request.content_length == 0);
}

net::Response refuse_unexpected_body(const Exchange& exchange) {
  return refuse_invalid(exchange, FieldError{"", "unexpected_body", "no body is taken here"});
}

std::expected<validation::Parameters, net::Response> parameters_of(const Exchange& exchange,
                                                                   const validation::OperationMatch& match) {
  auto checked = match.operation->check_parameters(match.path_values, exchange.query(),
                                                   {exchange.request.fields.begin(), exchange.request.fields.end()});
  if (!checked) return std::unexpected(refuse_invalid(exchange, checked.error()));
  return *std::move(checked);
}

runtime::Task<std::expected<ContractBody, net::Response>> body_of(Exchange& exchange,
                                                                  const validation::Operation& operation) {
  auto text = co_await receive_json_text(exchange);
  if (!text) co_return std::unexpected(std::move(text.error()));
  auto value = operation.check_body("application/json", *text);
  if (!value) co_return std::unexpected(refuse(exchange, value.error()));
  co_return ContractBody{*text, *std::move(value)};
}

}  // namespace

Contract::Contract(std::string_view name) : document_(load(name)) {}

std::expected<validation::OperationMatch, net::Response> Contract::match(const Exchange& exchange) const {
  using net::http::Method;
  const Method method = exchange.request.method == Method::Head ? Method::Get : exchange.request.method;
  auto found = document_.find(net::http::to_string(method), exchange.path);
  if (found) return *std::move(found);
  // The contract tests of each service see to it that this is never seen. The path is a client's: no assertion.
  return std::unexpected(service::refuse(exchange, ErrorCode::NotFound, "There is no such route here."));
}

std::expected<validation::Parameters, net::Response> Contract::parameters(const Exchange& exchange) const {
  auto found = match(exchange);
  if (!found) return std::unexpected(std::move(found.error()));
  auto parameters = parameters_of(exchange, *found);
  if (parameters && !found->operation->takes_body() && !no_body(exchange)) {
    return std::unexpected(refuse_unexpected_body(exchange));
  }
  return parameters;
}

runtime::Task<std::expected<ContractBody, net::Response>> Contract::body(Exchange& exchange) const {
  auto found = match(exchange);
  if (!found) co_return std::unexpected(std::move(found.error()));
  co_return co_await body_of(exchange, *found->operation);
}

runtime::Task<std::expected<ContractRequest, net::Response>> Contract::check(Exchange& exchange) const {
  auto found = match(exchange);
  if (!found) co_return std::unexpected(std::move(found.error()));
  const validation::Operation& operation = *found->operation;
  auto parameters = parameters_of(exchange, *found);
  if (!parameters) co_return std::unexpected(std::move(parameters.error()));
  ContractRequest request{*std::move(parameters), {}};
  if (!operation.requires_body() && no_body(exchange)) co_return request;
  if (!operation.takes_body()) {
    co_return std::unexpected(refuse_unexpected_body(exchange));
  }
  auto body = co_await body_of(exchange, operation);
  if (!body) co_return std::unexpected(std::move(body.error()));
  request.body = *std::move(body);
  co_return request;
}

}  // namespace sallyport::service
