#include "middleware/cors.hpp"

#include <algorithm>

#include "sallyport/core/ascii.hpp"

namespace sallyport::api_gateway {
namespace {

constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";
constexpr std::string_view kAllowCredentials = "Access-Control-Allow-Credentials";
constexpr std::string_view kAllowMethods = "Access-Control-Allow-Methods";
constexpr std::string_view kAllowHeaders = "Access-Control-Allow-Headers";
constexpr std::string_view kMaxAge = "Access-Control-Max-Age";
constexpr std::string_view kExposeHeaders = "Access-Control-Expose-Headers";
constexpr std::string_view kRequestMethod = "Access-Control-Request-Method";
constexpr std::string_view kPreflightVary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
constexpr std::string_view kExposed =
    "Retry-After, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id";

std::string join(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) {
    if (!out.empty()) out += ", ";
    out += value;
  }
  return out;
}

}  // namespace

CorsRules::CorsRules(const CorsConfig& config)
    : origins_(config.origins),
      methods_(join(config.methods)),
      headers_(join(config.headers)),
      max_age_(std::to_string(config.max_age.count())),
      credentials_(config.credentials) {}

const std::string* CorsRules::allowed_origin(const net::http::FieldList& request) const noexcept {
  // Two Origin lines come from no browser: which of them would be meant?
  if (request.count("origin") != 1) return nullptr;
  const auto found = std::find(origins_.begin(), origins_.end(), *request.find("origin"));
  return found == origins_.end() ? nullptr : &*found;
}

bool CorsRules::is_preflight(const net::http::RequestHead& request) const noexcept {
  return enabled() && request.method == net::http::Method::Options && request.fields.count("origin") == 1 &&
         request.fields.find(kRequestMethod).has_value();
}

CorsFields CorsRules::preflight_fields(const net::http::FieldList& request) const noexcept {
  CorsFields out;
  out.add("Vary", kPreflightVary);
  const std::string* origin = allowed_origin(request);
  if (origin == nullptr) return out;
  out.add(kAllowOrigin, *origin);
  if (credentials_) out.add(kAllowCredentials, "true");
  if (!methods_.empty()) out.add(kAllowMethods, methods_);
  if (!headers_.empty()) out.add(kAllowHeaders, headers_);
  out.add(kMaxAge, max_age_);
  return out;
}

CorsFields CorsRules::response_fields(const net::http::FieldList& request) const noexcept {
  CorsFields out;
  if (!enabled()) return out;
  // Also when there is no Origin or an unlisted one: a cache must not hand that answer to a listed one.
  out.add("Vary", "Origin");
  const std::string* origin = allowed_origin(request);
  if (origin == nullptr) return out;
  out.add(kAllowOrigin, *origin);
  if (credentials_) out.add(kAllowCredentials, "true");
  out.add(kExposeHeaders, kExposed);
  return out;
}

bool is_cors_response_field(std::string_view name) noexcept {
  constexpr std::string_view kPrefix = "access-control-";
  return name.size() > kPrefix.size() && iequals(name.substr(0, kPrefix.size()), kPrefix);
}

}  // namespace sallyport::api_gateway
