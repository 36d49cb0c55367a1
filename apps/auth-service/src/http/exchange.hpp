#pragma once

#include <string>
#include <string_view>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/core/deadline.hpp"
#include "sallyport/net/exchange.hpp"
#include "sallyport/observability/trace_context.hpp"

namespace sallyport::auth_service {

/// One request on its way through the service.
struct Exchange final : net::Exchange {
  void reset() override {
    net::Exchange::reset();
    request_id.clear();
    client_text.clear();
    path = route = {};
    session_id = {};
    scheme = "http";
    internal_access = false;
  }

  /// For the audit trail.
  accounts::RequestOrigin origin() const {
    const auto agent = request.fields.find("user-agent");
    return {std::nullopt, client_text, agent ? std::string(*agent) : std::string(), request_id};
  }

  // Set by RequestContext:
  std::string request_id;  ///< the gateway's, or one of our own
  trace::TraceContext trace;
  WallTime received;
  std::string client_text;           ///< who asks, as the gateway says, or else the peer
  std::string_view scheme = "http";  ///< what the client spoke at the edge; a literal
  bool internal_access = false;      ///< from a trusted peer that speaks for itself and for nobody else
  Deadline deadline{SteadyTime{}};   ///< of everything that is done for this request
  // Set by the router:
  std::string_view path;        ///< canonical
  std::string_view route;       ///< a literal such as "/auth/sessions/{id}"; empty: none
  std::string_view session_id;  ///< the part of the path in the place of {id}

  std::string path_scratch;
};

}  // namespace sallyport::auth_service
