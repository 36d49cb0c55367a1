#include "routing/status_route.hpp"

#include <algorithm>
#include <memory>

#include "sallyport/core/assert.hpp"
#include "sallyport/openapi/documents.hpp"
#include "sallyport/validation/openapi.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Method;

bool leads_there(const RouteConfig& route) {
  const bool covers = route.path == "/" || kStatusPath.starts_with(route.path + "/");
  const bool takes = route.methods.empty() || std::ranges::find(route.methods, Method::Get) != route.methods.end();
  return route.prefix && covers && takes;
}

std::shared_ptr<const validation::OpenApi> load_contract() {
  auto loaded = validation::OpenApi::load(openapi::document("admin"));
  SALLYPORT_ASSERT(loaded.has_value());
  return std::make_shared<const validation::OpenApi>(*std::move(loaded));
}

SchemaConfig contract() {
  static const auto document = load_contract();  // every router of the process has this route
  SchemaConfig schema;
  schema.file = "builtin:admin";
  schema.document = document;
  return schema;
}

}  // namespace

std::optional<RouteConfig> status_route(const Config& config) {
  if (!asks_for_tokens(config)) return std::nullopt;
  RouteConfig own;
  const RouteConfig* closest = nullptr;
  for (const RouteConfig& route : config.routes) {
    if (leads_there(route) && (closest == nullptr || route.path.size() > closest->path.size())) closest = &route;
  }
  if (closest != nullptr) own.rate_limits = closest->rate_limits;
  own.id = own.path = kStatusPath;
  own.methods = {Method::Get, Method::Head};
  own.auth = AuthMode::Required;
  own.role = Role::Admin;
  own.schema = contract();
  return own;
}

}  // namespace sallyport::api_gateway
