#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "config/yaml_tree.hpp"
#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {

/// A value, or what was expected instead ("an address block such as 10.1.0.0/16").
template <class T>
using Parsed = std::expected<T, std::string>;

/// Decimal digits without sign, leading zeros or exponent. Octal, hex and 1_000 are refused, not guessed at.
Parsed<std::uint64_t> parse_integer(std::string_view text, std::uint64_t min, std::uint64_t max);
Parsed<std::chrono::milliseconds> parse_bounded_duration(std::string_view text, std::chrono::milliseconds min,
                                                         std::chrono::milliseconds max);
Parsed<std::uint64_t> parse_bounded_size(std::string_view text, std::uint64_t min, std::uint64_t max);

Parsed<Cidr> parse_block(std::string_view text);
Parsed<ListenAddress> parse_listen_address(std::string_view text);
Parsed<HostPort> parse_host_port(std::string_view text);
/// A name with an optional port as it stands in Host, lower case.
Parsed<std::string> parse_authority(std::string_view text);
/// An origin as browsers write it (RFC 6454 section 6.2): scheme, host and a port that is not the default one.
Parsed<std::string> parse_origin(std::string_view text);
/// A token (RFC 9110 section 5.6.2), lower case.
Parsed<std::string> parse_field_name(std::string_view text);
/// A method that a client may use here; CONNECT and TRACE are none.
Parsed<net::http::Method> parse_method(std::string_view text);
Parsed<std::string> parse_method_name(std::string_view text);
/// Names of policies and upstreams.
Parsed<std::string> parse_name(std::string_view text);
Parsed<std::string> parse_key_prefix(std::string_view text);
/// A canonical path: lower case, no trailing slash but for "/" itself.
Parsed<std::string> parse_path(std::string_view text);

/// What a claim of a token must be.
Parsed<std::string> parse_claim(std::string_view text);
/// An absolute path of a file, normalised by nobody.
Parsed<std::string> parse_file(std::string_view text);
/// A host name, or an IP address, IPv6 without brackets.
Parsed<std::string> parse_server_name(std::string_view text);

bool is_loopback(const HostPort& host);

/// "found 'text'", "found a list", ... for the end of a message.
std::string describe(const YamlNode& node);

/// The candidate that `text` most likely meant, or empty.
std::string_view nearest(std::string_view text, const std::vector<std::string_view>& candidates);

}  // namespace sallyport::api_gateway
