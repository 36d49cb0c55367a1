#include "http/cookies.hpp"

#include <algorithm>

#include "sallyport/core/ascii.hpp"
#include "sallyport/net/http/authority.hpp"

namespace sallyport::auth_service {
namespace {

#define SALLYPORT_REFRESH_ATTRIBUTES "; Path=/auth; Secure; HttpOnly; SameSite=Strict"

bool is_own_origin(std::string_view origin, std::string_view scheme, std::string_view host) noexcept {
  if (!origin.starts_with(scheme) || !origin.substr(scheme.size()).starts_with("://")) return false;
  const auto theirs = net::http::parse_authority(origin.substr(scheme.size() + 3));
  const auto ours = net::http::parse_authority(host);
  return theirs && ours && net::http::same_authority(*theirs, *ours, scheme == "https" ? 443 : 80);
}

}  // namespace

FoundCookie find_cookie(const net::http::FieldList& fields, std::string_view name) noexcept {
  FoundCookie found;
  for (const net::http::Field& field : fields) {
    if (!iequals(field.name, "cookie")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trim_ows(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
      if (found.count++ == 0) found.value = pair.substr(equals + 1);
    }
  }
  return found;
}

std::string set_refresh_cookie(std::string_view token, std::chrono::seconds lifetime) {
  std::string out(kRefreshCookie);
  out.append("=").append(token).append("; Max-Age=").append(std::to_string(lifetime.count()));
  return out.append(SALLYPORT_REFRESH_ATTRIBUTES);
}

std::string clear_refresh_cookie() {
  return std::string(kRefreshCookie).append("=; Max-Age=0" SALLYPORT_REFRESH_ATTRIBUTES);
}

OriginOf origin_of(const Exchange& exchange, const std::vector<std::string>& origins) noexcept {
  const auto& fields = exchange.request.fields;
  const std::size_t count = fields.count("origin");
  if (count == 0) return OriginOf::Missing;
  const std::string_view origin = *fields.find("origin");
  if (count != 1) return OriginOf::Foreign;
  if (std::ranges::find(origins, origin) != origins.end()) return OriginOf::Ours;
  return is_own_origin(origin, exchange.scheme, exchange.request.host) ? OriginOf::Ours : OriginOf::Foreign;
}

#undef SALLYPORT_REFRESH_ATTRIBUTES

}  // namespace sallyport::auth_service
