#include "sallyport/net/http/authority.hpp"

#include <algorithm>

#include "http/chars.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/core/ip_address.hpp"

namespace sallyport::net::http {
namespace {

using detail::is;

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kLabelBytesMax = 63;

/// What an address parser that follows inet_aton would take for a number: digits, or 0x and hex digits.
bool looks_like_number(std::string_view label) noexcept {
  const bool hex = label.size() >= 2 && label[0] == '0' && (label[1] == 'x' || label[1] == 'X');
  if (hex) label.remove_prefix(2);
  for (const char c : label) {
    if (hex ? detail::hex_value(c) < 0 : !is(c, detail::kDigit)) return false;
  }
  return true;
}

bool is_host_name(std::string_view host) noexcept {
  if (host.empty() || host.size() > kNameBytesMax) return false;
  const std::string_view whole = host;
  if (host.back() == '.') host.remove_suffix(1);
  std::size_t label_begin = 0;
  for (std::size_t i = 0; i <= host.size(); ++i) {
    if (i < host.size() && host[i] != '.') {
      if (!is(host[i], detail::kHostName)) return false;
      continue;
    }
    if (i == label_begin || i - label_begin > kLabelBytesMax) return false;
    if (i < host.size()) label_begin = i + 1;
  }
  if (!looks_like_number(host.substr(label_begin))) return true;
  const std::optional<IpAddress> address = IpAddress::parse(whole);
  return address && address->is_v4();
}

bool is_bracketed_v6(std::string_view host) noexcept {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view address = host.substr(1, host.size() - 2);
  if (address.find(':') == std::string_view::npos || address.find('%') != std::string_view::npos) return false;
  return IpAddress::parse(address).has_value();
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
  if (text.empty() || text.size() > 5 || text.front() == '0') return std::nullopt;
  unsigned port = 0;
  for (const char c : text) {
    if (!is(c, detail::kDigit)) return std::nullopt;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  if (port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  const bool bracketed = text.front() == '[';
  const std::size_t host_end = bracketed ? text.find(']') + 1 : std::min(text.find(':'), text.size());
  if (bracketed && host_end == 0) return std::nullopt;
  Authority authority{text.substr(0, host_end), std::nullopt};
  if (bracketed ? !is_bracketed_v6(authority.host) : !is_host_name(authority.host)) return std::nullopt;
  if (host_end == text.size()) return authority;
  if (text[host_end] != ':') return std::nullopt;
  authority.port = parse_port(text.substr(host_end + 1));
  if (!authority.port) return std::nullopt;
  return authority;
}

bool same_authority(const Authority& a, const Authority& b, std::uint16_t default_port) noexcept {
  return iequals(a.host, b.host) && a.port.value_or(default_port) == b.port.value_or(default_port);
}

std::string normal_form(const Authority& authority, std::uint16_t default_port) {
  std::string out = to_lower(authority.host);
  if (authority.port && *authority.port != default_port) {
    out += ':';
    out += std::to_string(*authority.port);
  }
  return out;
}

}  // namespace sallyport::net::http
