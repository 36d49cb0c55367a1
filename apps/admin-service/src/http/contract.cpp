#include "http/contract.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <variant>

#include "sallyport/core/assert.hpp"
#include "sallyport/openapi/documents.hpp"
#include "sallyport/service/answers.hpp"
#include "sallyport/service/body.hpp"

namespace sallyport::admin_service {
namespace {

validation::OpenApi load() {
  auto loaded = validation::OpenApi::load(openapi::document("admin"));
  if (loaded) return *std::move(loaded);
  std::string text = "openapi/admin.yaml";
  for (const validation::OpenApiProblem& problem : loaded.error()) text += ": " + problem.place + ": " + problem.why;
  throw std::logic_error(text);
}

}  // namespace

Contract::Contract() : document_(load()) {}

validation::OperationMatch Contract::match(const service::Exchange& exchange) const {
  using net::http::Method;
  const Method method = exchange.request.method == Method::Head ? Method::Get : exchange.request.method;
  auto found = document_.find(net::http::to_string(method), exchange.path);
  SALLYPORT_ASSERT(found.has_value());  // every route of ours stands in the document: tests/contract_test.cpp
  return *std::move(found);
}

std::expected<validation::Parameters, net::Response> Contract::parameters(const service::Exchange& exchange) const {
  const auto found = match(exchange);
  auto checked = found.operation->check_parameters(found.path_values, exchange.query(), {});
  if (!checked) return std::unexpected(service::refuse_invalid(exchange, checked.error()));
  return *std::move(checked);
}

runtime::Task<std::expected<boost::json::value, net::Response>> Contract::body(service::Exchange& exchange) const {
  auto text = co_await service::receive_json_text(exchange);
  if (!text) co_return std::unexpected(std::move(text.error()));
  auto checked = match(exchange).operation->check_body("application/json", *text);
  if (checked) co_return *std::move(checked);
  if (const auto* malformed = std::get_if<validation::Malformed>(&checked.error())) {
    co_return std::unexpected(service::refuse(exchange, ErrorCode::MalformedRequest, malformed->why));
  }
  if (const auto* errors = std::get_if<validation::ValidationErrors>(&checked.error())) {
    co_return std::unexpected(service::refuse_invalid(exchange, *errors));
  }
  co_return std::unexpected(
      service::refuse(exchange, ErrorCode::UnsupportedMediaType, "The body must be application/json."));
}

}  // namespace sallyport::admin_service
