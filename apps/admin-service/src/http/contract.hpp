#pragma once

#include <expected>
#include <string_view>

#include <boost/json/value.hpp>

#include "sallyport/net/response.hpp"
#include "sallyport/runtime/task.hpp"
#include "sallyport/service/exchange.hpp"
#include "sallyport/validation/openapi.hpp"

namespace sallyport::admin_service {

/// What the service's OpenAPI document (openapi/admin.yaml) says of requests, and the answers to those that break it.
/// Immutable; thread-safe.
class Contract final {
 public:
  /// Throws std::logic_error when the built-in document is broken.
  Contract();

  /// The parameters of the path and the query, or the 422.
  std::expected<validation::Parameters, net::Response> parameters(const service::Exchange& exchange) const;
  /// The body; null when the operation takes none or it was left out. Or the 400, 413, 415, 422. Cancellation leaves
  /// the connection unusable.
  runtime::Task<std::expected<boost::json::value, net::Response>> body(service::Exchange& exchange) const;

 private:
  validation::OperationMatch match(const service::Exchange& exchange) const;

  validation::OpenApi document_;
};

}  // namespace sallyport::admin_service
