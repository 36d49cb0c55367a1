#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "exchange.hpp"
#include "sallyport/net/filter.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/validation/openapi.hpp"

namespace sallyport::api_gateway {

/// What a request breaks of its route's schema.
enum class SchemaFault : std::uint8_t {
  Path,        ///< the document has no such path
  Method,      ///< the path has no such method
  Parameters,  ///< one in the path, the query or a header field
  MediaType,   ///< of the body
  TooLarge,    ///< more JSON than is gathered
  Syntax,      ///< the body is not the JSON that everybody reads alike
  Body,        ///< the body is JSON that its schema does not take
  Overloaded,  ///< not the request's fault: too much is being gathered at once, so nobody can tell
};
inline constexpr std::size_t kSchemaFaults = 8;

/// "path", "method", …: as metrics and the access log say it.
std::string_view name_of(SchemaFault fault) noexcept;

/// What breaks schemas, by route. Made once per process.
class SchemaMetrics final {
 public:
  /// routes: by Route::index.
  SchemaMetrics(metrics::Registry& registry, std::span<const RouteConfig* const> routes);
  metrics::CounterId of(std::size_t route, SchemaFault fault) const noexcept {
    return routes_[route][static_cast<std::size_t>(fault)];
  }

 private:
  std::vector<std::array<metrics::CounterId, kSchemaFaults>> routes_;
};

/// Holds a request to its route's OpenAPI document. A body that passes goes on as it came, byte for byte.
/// Order:   last before the proxy: it waits for a whole body, so only for who may call at all.
/// Answers: 404 not_found, 405 method_not_allowed with Allow, 415 unsupported_media_type, 413 body_too_large,
///          400 malformed_request, 422 validation_failed with all errors of the parameters, else of the body;
///          503 overloaded; what a broken or slow body gets elsewhere too. In shadow mode none but the last.
/// Cost:    a null check for a route without a schema; else a look-up among the document's operations, and for JSON its
///          bytes in memory until the exchange ends, and one pass over them on the event loop.
/// Posture: hardened against clients; trusts its document.
class SchemaCheck final : public net::WaitingFilter<Exchange> {
 public:
  SchemaCheck(GatherBudget& budget, const SchemaMetrics& metrics, metrics::Shard& shard)
      : budget_(budget), metrics_(metrics), shard_(shard) {}
  std::optional<net::Response> on_request(Exchange& exchange) override;
  bool must_wait(Exchange& exchange) override { return exchange.operation != nullptr; }
  runtime::Task<std::optional<net::Response>> wait(Exchange& exchange) override;

 private:
  struct Coded {};
  struct Violation {
    SchemaFault fault;
    std::variant<std::monostate, validation::NoOperation, validation::ValidationErrors, validation::Malformed, Error,
                 Coded>
        why = {};
  };
  static std::optional<Violation> check_head(Exchange& exchange, const SchemaConfig& schema);
  static std::optional<Violation> check_media_type(Exchange& exchange, const validation::Operation& operation);
  static std::optional<Violation> check_size(Exchange& exchange, const SchemaConfig& schema);
  static std::optional<Violation> check_body(Exchange& exchange, const SchemaConfig& schema);
  runtime::Task<Result<void>> gather(Exchange& exchange, std::uint64_t bytes_max);
  std::optional<net::Response> conclude(Exchange& exchange, const std::optional<Violation>& violation);
  static net::Response refuse_for(const Exchange& exchange, const Violation& violation);

  GatherBudget& budget_;
  const SchemaMetrics& metrics_;
  metrics::Shard& shard_;
};

}  // namespace sallyport::api_gateway
