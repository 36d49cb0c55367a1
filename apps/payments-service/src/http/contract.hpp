#pragma once

#include <expected>
#include <string_view>

#include <boost/json/value.hpp>

#include "sallyport/net/response.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/service/exchange.hpp"
#include "sallyport/validation/openapi.hpp"

namespace sallyport::payments_service {

/// A request that keeps the contract. The text is good until the exchange ends.
struct Request {
  validation::Parameters parameters;
  std::string_view text;    ///< the body as it came; empty: none
  boost::json::value body;  ///< null: none
};

/// What the service's OpenAPI document (openapi/payments.yaml) says of requests, and the answers to those that break
/// it. Immutable; thread-safe.
class Contract final {
 public:
  /// Throws std::logic_error when the built-in document is broken.
  Contract();

  /// The request, or the 400, 408, 413, 415 or 422: path, query and headers first, since they need no body.
  /// Cancellation leaves the connection unusable.
  runtime::Task<std::expected<Request, net::Response>> check(service::Exchange& exchange) const;

 private:
  validation::OpenApi document_;
};

}  // namespace sallyport::payments_service
