#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/deadline.hpp"
#include "sallyport/net/exchange.hpp"
#include "sallyport/observability/trace_context.hpp"

namespace sallyport::service {

inline constexpr std::size_t kPathParametersMax = 4;

/// What stands in a path in the places of a pattern's `{name}`s, undecoded and never empty.
struct PathParameters {
  std::size_t size = 0;
  std::array<std::string_view, kPathParametersMax> names{}, values{};
};

/// Whose access token came with a request. Only issuer and user together name somebody.
struct Principal {
  std::string issuer;
  std::string user;     ///< `sub`
  std::string session;  ///< `sid`
  std::string role;     ///< `role`
};

/// One request on its way through a service.
struct Exchange final : net::Exchange {
  void reset() override;

  /// What stands for `{name}` in the path. The route has such a name, or it is a bug.
  std::string_view parameter(std::string_view name) const;
  /// Without '?', raw.
  std::string_view query() const noexcept { return request.query; }

  // Set by RequestContext:
  std::string request_id;  ///< the gateway's, or one of our own
  trace::TraceContext trace;
  WallTime received;
  std::string client_text;           ///< who asks, as the gateway says, or else the peer
  std::string_view scheme = "http";  ///< what the client spoke at the edge; a literal
  bool internal_access = false;      ///< from a trusted peer that speaks for itself and for nobody else
  Deadline deadline{SteadyTime{}};   ///< of everything that is done for this request
  // Set by the router:
  std::string_view path;   ///< canonical
  std::string_view route;  ///< a pattern such as "/payments/{id}/refunds"; empty: none. Outlives the exchange
  PathParameters parameters;
  std::optional<std::size_t> route_index;  ///< in the service's table; nullopt: no route takes the path and the method
  // Set by Bearer; present in the handler of a route that is not open to anyone:
  std::optional<Principal> principal;

  std::string path_scratch;
};

}  // namespace sallyport::service
