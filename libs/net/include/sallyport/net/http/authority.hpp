#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::net::http {

/// A host with an optional port: the value of Host, or the authority of an absolute-form target (RFC 3986 3.2,
/// RFC 9110 7.2). Views into the text that was parsed.
struct Authority {
  std::string_view host;              ///< as received; an IPv6 address with its brackets
  std::optional<std::uint16_t> port;  ///< 1…65535
};

/// Strict form: a registered name (letters, digits, '-', '_' and '.', labels of 1…63 characters, 255 in all, one
/// trailing dot allowed), an IPv4 address, or a bracketed IPv6 address without a zone; then nothing or ':' and a
/// decimal port without leading zeros. A name whose last label is a number must be an IPv4 address, since resolvers
/// read "127.1" and "0x7f.1" as one. nullopt on anything else: user information, a list, a path, an empty host or port.
/// Never allocates.
std::optional<Authority> parse_authority(std::string_view text) noexcept;

/// Whether both name the same place: host without case, a missing port is `default_port`.
bool same_authority(const Authority& a, const Authority& b, std::uint16_t default_port = 80) noexcept;

/// The form to compare and to key by: lower case, `default_port` dropped.
std::string normal_form(const Authority& authority, std::uint16_t default_port = 80);

}  // namespace sallyport::net::http
