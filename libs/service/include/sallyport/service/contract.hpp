#pragma once

#include <expected>
#include <string_view>

#include <boost/json/value.hpp>

#include "sallyport/net/response.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/service/exchange.hpp"
#include "sallyport/validation/openapi.hpp"

namespace sallyport::service {

/// A body that keeps the contract. The text is good until the exchange ends.
struct ContractBody {
  std::string_view text;     ///< as it came; empty: none
  boost::json::value value;  ///< null: none
};

/// A request that keeps the contract.
struct ContractRequest {
  validation::Parameters parameters;
  ContractBody body;
};

/// What a service's OpenAPI document says of requests, and the answers to those that break it. Every route of the
/// service stands in its document, or it is a bug. Immutable; thread-safe.
class Contract final {
 public:
  /// name: of the built-in document, "payments". Throws std::logic_error when it is broken.
  explicit Contract(std::string_view name);

  /// The parameters of path, query and header, or the 422, also for a body where none is taken.
  std::expected<validation::Parameters, net::Response> parameters(const Exchange& exchange) const;
  /// The body of an operation that takes one, or the 400, 408, 413, 415 or 422. Cancellation leaves the connection
  /// unusable.
  runtime::Task<std::expected<ContractBody, net::Response>> body(Exchange& exchange) const;
  /// Both, the parameters first, since they need no body; 422 also for a body where none is taken. Cancellation as for
  /// body().
  runtime::Task<std::expected<ContractRequest, net::Response>> check(Exchange& exchange) const;

 private:
  std::expected<validation::OperationMatch, net::Response> match(const Exchange& exchange) const;

  validation::OpenApi document_;
};

}  // namespace sallyport::service
