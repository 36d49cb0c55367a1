#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sallyport/net/http/message.hpp"

namespace sallyport::auth_service {

enum class Endpoint : std::uint8_t {
  Register,
  Login,
  Refresh,
  Logout,
  LogoutAll,
  Me,
  Sessions,
  Session,
  Password,
  Jwks,
  Health,
  Ready,
  Metrics,
};

struct Route {
  Endpoint endpoint;
  net::http::Method method;  ///< GET takes HEAD too
  std::string_view pattern;  ///< "{id}" at the end stands for one segment
};

/// Everything that this service answers; in the order of Endpoint.
inline constexpr std::array kRoutes{
    Route{Endpoint::Register, net::http::Method::Post, "/auth/register"},
    Route{Endpoint::Login, net::http::Method::Post, "/auth/login"},
    Route{Endpoint::Refresh, net::http::Method::Post, "/auth/refresh"},
    Route{Endpoint::Logout, net::http::Method::Post, "/auth/logout"},
    Route{Endpoint::LogoutAll, net::http::Method::Post, "/auth/logout-all"},
    Route{Endpoint::Me, net::http::Method::Get, "/auth/me"},
    Route{Endpoint::Sessions, net::http::Method::Get, "/auth/sessions"},
    Route{Endpoint::Session, net::http::Method::Delete, "/auth/sessions/{id}"},
    Route{Endpoint::Password, net::http::Method::Post, "/auth/password"},
    Route{Endpoint::Jwks, net::http::Method::Get, "/.well-known/jwks.json"},
    Route{Endpoint::Health, net::http::Method::Get, "/health"},
    Route{Endpoint::Ready, net::http::Method::Get, "/health/ready"},
    Route{Endpoint::Metrics, net::http::Method::Get, "/metrics"},
};

/// The route of a canonical path, whatever its method; nullptr when there is none. segment: what stands for {id}.
const Route* find_route(std::string_view path, std::string_view& segment) noexcept;
bool takes(const Route& route, net::http::Method method) noexcept;
/// The value of Allow.
std::string_view allowed_methods(const Route& route) noexcept;

}  // namespace sallyport::auth_service
