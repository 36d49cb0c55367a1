#pragma once

#include <optional>
#include <string_view>

#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {

/// Where the gateway tells how it is doing, as openapi/admin.yaml says.
inline constexpr std::string_view kStatusPath = "/admin/gateway/status";

/// The route to it, for administrators only and with the limits of whatever route would lead there else. nullopt when
/// no route asks for tokens: nobody could prove to be an administrator.
std::optional<RouteConfig> status_route(const Config& config);

}  // namespace sallyport::api_gateway
