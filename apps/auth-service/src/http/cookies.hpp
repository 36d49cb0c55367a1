#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "http/exchange.hpp"

namespace sallyport::auth_service {

/// The browser's refresh token: HttpOnly, Secure, SameSite=Strict, Path=/auth.
inline constexpr std::string_view kRefreshCookie = "__Secure-refresh";

/// One cookie of a request, looked for in all its Cookie fields (RFC 6265 section 5.4).
struct FoundCookie {
  std::size_t count = 0;   ///< more than one: a stranger has set another for the same host
  std::string_view value;  ///< of the first
};
FoundCookie find_cookie(const net::http::FieldList& fields, std::string_view name) noexcept;

/// The texts of Set-Cookie.
std::string set_refresh_cookie(std::string_view token, std::chrono::seconds lifetime);
std::string clear_refresh_cookie();

/// Who sends a request to us from a browser's page.
enum class OriginOf : std::uint8_t {
  Ours,     ///< this host under the scheme that the client spoke, or one of the configured origins
  Missing,  ///< no Origin
  Foreign,  ///< another one, "null", or more than one
};
OriginOf origin_of(const Exchange& exchange, const std::vector<std::string>& origins) noexcept;

}  // namespace sallyport::auth_service
