#include "http/contract.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "sallyport/core/assert.hpp"
#include "sallyport/net/request_body.hpp"
#include "sallyport/openapi/documents.hpp"
#include "sallyport/service/answers.hpp"
#include "sallyport/service/body.hpp"

namespace sallyport::payments_service {
namespace {

validation::OpenApi load() {
  auto loaded = validation::OpenApi::load(openapi::document("payments"));
  if (loaded) return *std::move(loaded);
  std::string text = "openapi/payments.yaml";
  for (const validation::OpenApiProblem& problem : loaded.error()) text += ": " + problem.place + ": " + problem.why;
  throw std::logic_error(text);
}

net::Response refuse(const service::Exchange& exchange, const validation::BodyFault& fault) {
  if (const auto* malformed = std::get_if<validation::Malformed>(&fault)) {
    return service::refuse(exchange, ErrorCode::MalformedRequest, malformed->why);
  }
  if (const auto* errors = std::get_if<validation::ValidationErrors>(&fault)) {
    return service::refuse_invalid(exchange, *errors);
  }
  return service::refuse(exchange, ErrorCode::UnsupportedMediaType,
                         "This route takes application/json and nothing else.");
}

/// Nothing was sent: no body, or one that is announced as empty.
bool no_body(const service::Exchange& exchange) {
  const net::RequestBody& body = *exchange.body;
  return !body.has_body() || (body.framing() == net::http::Framing::Length && exchange.request.content_length == 0);
}

}  // namespace

Contract::Contract() : document_(load()) {}

runtime::Task<std::expected<Request, net::Response>> Contract::check(service::Exchange& exchange) const {
  using net::http::Method;
  const Method method = exchange.request.method == Method::Head ? Method::Get : exchange.request.method;
  const auto found = document_.find(net::http::to_string(method), exchange.path);
  SALLYPORT_ASSERT(found.has_value());  // every route of ours stands in the document: tests/contract_test.cpp
  const validation::Operation& operation = *found->operation;
  auto parameters = operation.check_parameters(found->path_values, exchange.query(),
                                               {exchange.request.fields.begin(), exchange.request.fields.end()});
  if (!parameters) co_return std::unexpected(service::refuse_invalid(exchange, parameters.error()));
  Request request{*std::move(parameters), {}, nullptr};
  const bool optional = !operation.requires_body();
  if (optional && no_body(exchange)) co_return request;
  if (!operation.takes_body()) {
    co_return std::unexpected(
        service::refuse_invalid(exchange, service::FieldError{"", "unexpected_body", "no body is taken here"}));
  }
  auto text = co_await service::receive_json_text(exchange);
  if (!text) co_return std::unexpected(std::move(text.error()));
  auto body = operation.check_body("application/json", *text);
  if (!body) co_return std::unexpected(refuse(exchange, body.error()));
  request.text = *text;
  request.body = *std::move(body);
  co_return request;
}

}  // namespace sallyport::payments_service
