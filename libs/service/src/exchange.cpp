#include "sallyport/service/exchange.hpp"

#include <algorithm>

#include "sallyport/core/assert.hpp"

namespace sallyport::service {

void Exchange::reset() {
  net::Exchange::reset();
  request_id.clear();
  client_text.clear();
  scheme = "http";
  internal_access = false;
  path = route = {};
  parameters = {};
  route_index.reset();
  principal.reset();
}

std::string_view Exchange::parameter(std::string_view name) const {
  const auto end = parameters.names.begin() + parameters.size;
  const auto found = std::find(parameters.names.begin(), end, name);
  SALLYPORT_ASSERT(found != end);
  return parameters.values[static_cast<std::size_t>(found - parameters.names.begin())];
}

}  // namespace sallyport::service
