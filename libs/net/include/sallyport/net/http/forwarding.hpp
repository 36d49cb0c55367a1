#pragma once

#include <cstddef>
#include <string_view>

#include "sallyport/net/http/message.hpp"

namespace sallyport::net::http {

/// Options in all Connection fields of one message; a head with more is refused.
inline constexpr std::size_t kConnectionOptionsMax = 32;

/// Whether a field is meant for one connection only and never forwarded (RFC 9110 7.6.1): Connection, Keep-Alive,
/// Proxy-Authenticate, Proxy-Authorization, Proxy-Authentication-Info, Proxy-Connection, TE, Trailer,
/// Transfer-Encoding, Upgrade, HTTP2-Settings.
bool is_hop_by_hop(std::string_view name) noexcept;

/// Whether a Connection field of the message names `name`, so that the field must not be forwarded. A parsed head has
/// at most kConnectionOptionsMax options, which bounds the cost of asking for every field.
bool named_in_connection(const FieldList& fields, std::string_view name) noexcept;

/// Fields that a Connection option may not name: dropping one of them changes who is asking, what for, or how the
/// message is framed. Host, Authorization, Cookie, Content-*, Forwarded, X-Forwarded-* and the like; and everything
/// that begins with "x-", since internal fields of gateways do.
bool is_protected_from_connection(std::string_view name) noexcept;

}  // namespace sallyport::net::http
