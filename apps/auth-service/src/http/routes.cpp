#include "http/routes.hpp"

namespace sallyport::auth_service {
namespace {

using net::http::Method;

constexpr std::string_view kSegment = "{id}";

constexpr bool in_order() {
  for (std::size_t i = 0; i < kRoutes.size(); ++i) {
    if (static_cast<std::size_t>(kRoutes[i].endpoint) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

const Route* find_route(std::string_view path, std::string_view& segment) noexcept {
  segment = {};
  for (const Route& route : kRoutes) {
    if (route.pattern == path) return &route;
    if (!route.pattern.ends_with(kSegment)) continue;
    const std::string_view before = route.pattern.substr(0, route.pattern.size() - kSegment.size());
    if (!path.starts_with(before)) continue;
    const std::string_view rest = path.substr(before.size());
    if (rest.empty() || rest.find('/') != std::string_view::npos) continue;
    segment = rest;
    return &route;
  }
  return nullptr;
}

bool takes(const Route& route, Method method) noexcept {
  return method == route.method || (method == Method::Head && route.method == Method::Get);
}

std::string_view allowed_methods(const Route& route) noexcept {
  switch (route.method) {
    case Method::Get:
      return "GET, HEAD";
    case Method::Delete:
      return "DELETE";
    default:
      return "POST";
  }
}

}  // namespace sallyport::auth_service
