#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/core/ip_address.hpp"
#include "sallyport/net/http/message.hpp"

namespace sallyport::api_gateway {

/// Hops of a forwarding field that are looked at; what stands left of them is nobody we could trust anyway.
inline constexpr std::size_t kForwardedHopsMax = 64;

/// Who is at the other end.
struct ClientAddress {
  IpAddress peer;             ///< who opened the connection
  IpAddress client;           ///< who the request is attributed to
  bool peer_trusted = false;  ///< the peer is a trusted proxy
  bool vouched = true;        ///< every hop up to `client` was named: false when a trusted proxy said nothing usable
  /// What `client` spoke to the trusted proxy that named it; nullopt when that proxy did not say.
  std::optional<ForwardedProto> proto = std::nullopt;
  bool ignored_forwarding = false;  ///< an untrusted peer sent the configured field; it was not looked at
};

/// The client behind trusted proxies. The peer, unless it is trusted; then the configured field is walked from the
/// right past trusted hops. A hop that is no address ends the walk at the last one that was; when all are trusted, the
/// leftmost is the client. The other forwarding fields are never looked at. Linear in the field; no allocation.
ClientAddress find_client(const IpAddress& peer, const net::http::FieldList& fields, std::span<const Cidr> trusted,
                          ForwardedHeader header) noexcept;

/// Whether /metrics and the like may be shown: peer AND client lie in the blocks. A trusted proxy that did not name its
/// client has no such access, or everybody behind it would.
bool has_internal_access(const ClientAddress& address, std::span<const Cidr> internal_access) noexcept;

}  // namespace sallyport::api_gateway
