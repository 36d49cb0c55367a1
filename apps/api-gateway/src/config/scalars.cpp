#include "config/scalars.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "sallyport/core/ascii.hpp"
#include "sallyport/core/units.hpp"

namespace sallyport::api_gateway {
namespace {

using net::http::Method;

constexpr std::array kMethods = {Method::Get,   Method::Head,   Method::Post,    Method::Put,
                                 Method::Patch, Method::Delete, Method::Options, Method::Query};

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_alnum(char c) noexcept {
  return is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

std::unexpected<std::string> expected(std::string what) {
  return std::unexpected<std::string>(std::move(what));
}

std::optional<std::uint64_t> digits(std::string_view text) noexcept {
  if (text.empty() || text.size() > 19 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

/// Labels of letters, digits and inner hyphens; not something that looks like a broken IPv4 address.
bool is_host_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > 253) return false;
  std::string_view label;
  for (std::size_t begin = 0; begin <= text.size(); begin += label.size() + 1) {
    label = text.substr(begin, text.find('.', begin) - begin);
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-' || c == '_'; })) {
      return false;
    }
  }
  return !std::all_of(label.begin(), label.end(), is_digit);
}

struct Split {
  std::string_view host;  ///< without brackets
  std::string_view port;
  bool bracketed = false;
};

/// "host:port" or "[v6]:port".
std::optional<Split> split_host_port(std::string_view text) noexcept {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || text.substr(close + 1, 1) != ":") return std::nullopt;
    return Split{text.substr(1, close - 1), text.substr(close + 2), true};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) return std::nullopt;
  return Split{text.substr(0, colon), text.substr(colon + 1), false};
}

/// An address whose notation fits the brackets. Zones are refused: they would be dropped, and the address with them.
std::optional<IpAddress> literal(const Split& split) noexcept {
  if (split.bracketed != (split.host.find(':') != std::string_view::npos)) return std::nullopt;
  if (split.host.find('%') != std::string_view::npos) return std::nullopt;
  return IpAddress::parse(split.host);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (ascii_lower(a[i - 1]) == ascii_lower(b[j - 1]) ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

Parsed<std::uint64_t> parse_integer(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto value = digits(text);
  if (!value || *value < min || *value > max) return expected(fmt::format("a whole number from {} to {}", min, max));
  return *value;
}

Parsed<std::chrono::milliseconds> parse_bounded_duration(std::string_view text, std::chrono::milliseconds min,
                                                         std::chrono::milliseconds max) {
  const auto value = parse_duration(text);
  if (!value || *value < min || *value > max) {
    return expected(
        fmt::format("a duration from {} to {} (250ms, 15s, 15m, 1h, 14d)", format_duration(min), format_duration(max)));
  }
  return *value;
}

Parsed<std::uint64_t> parse_bounded_size(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto value = parse_size(text);
  if (!value || *value < min || *value > max) {
    return expected(fmt::format("a size from {} to {} (512B, 64KiB, 1MiB)", format_size(min), format_size(max)));
  }
  return *value;
}

Parsed<Cidr> parse_block(std::string_view text) {
  const auto block = Cidr::parse(text);
  if (!block) return expected("an address block such as 10.1.0.0/16 or 2001:db8::/32 with no bits below its prefix");
  return *block;
}

Parsed<ListenAddress> parse_listen_address(std::string_view text) {
  const auto split = split_host_port(text);
  const auto address = split ? literal(*split) : std::nullopt;
  const auto port = split ? digits(split->port) : std::nullopt;
  if (!address || !port || *port > 65535) {
    return expected("an IP address and a port, such as 127.0.0.1:8080, \"[::1]:8080\" or 0.0.0.0:8080 for all");
  }
  return ListenAddress{*address, static_cast<std::uint16_t>(*port)};
}

Parsed<HostPort> parse_host_port(std::string_view text) {
  if (text.find("://") != std::string_view::npos) {
    return expected("host:port without a scheme (for TLS set tls: true beside hosts)");
  }
  const auto split = split_host_port(text);
  const auto port = split ? digits(split->port) : std::nullopt;
  if (!port || *port == 0 || *port > 65535) return expected("host:port, such as 10.0.0.5:8080 or \"[::1]:8080\"");
  if (const auto address = literal(*split)) return HostPort{address->to_string(), static_cast<std::uint16_t>(*port)};
  if (split->bracketed || !is_host_name(split->host)) return expected("a host name or an IP address before the port");
  return HostPort{to_lower(split->host), static_cast<std::uint16_t>(*port)};
}

Parsed<std::string> parse_claim(std::string_view text) {
  const bool printable = std::none_of(text.begin(), text.end(), [](char c) { return c >= 0 && (c < ' ' || c == 127); });
  if (text.empty() || text.size() > 255 || !printable) return std::unexpected("a text of 1 to 255 bytes");
  return std::string(text);
}

Parsed<std::string> parse_file(std::string_view text) {
  const bool control =
      std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (!text.starts_with('/') || text.size() > 4096 || control)
    return expected("an absolute path such as /etc/ssl/ca.pem");
  return std::string(text);
}

Parsed<std::string> parse_server_name(std::string_view text) {
  if (const auto address = IpAddress::parse(text)) return address->to_string();
  if (!is_host_name(text)) return expected("a host name or an IP address, without a port");
  return to_lower(text);
}

Parsed<std::string> parse_authority(std::string_view text) {
  constexpr std::string_view kWanted = "an authority such as api.example.com or api.example.com:8443";
  const auto split = split_host_port(text);
  if (split) {
    const auto port = digits(split->port);
    if (!port || *port == 0 || *port > 65535) return expected(std::string(kWanted));
  }
  const bool bracketed = !split && text.starts_with('[') && text.ends_with(']');
  const Split host = split ? *split : Split{bracketed ? text.substr(1, text.size() - 2) : text, {}, bracketed};
  if (!literal(host) && (host.bracketed || !is_host_name(host.host))) return expected(std::string(kWanted));
  return to_lower(text);
}

Parsed<std::string> parse_origin(std::string_view text) {
  constexpr std::string_view kWanted =
      "an exact origin such as https://app.example.com, with no path, no '*' and no default port";
  const std::string origin = to_lower(text);
  const bool https = origin.starts_with("https://");
  if (!https && !origin.starts_with("http://")) return expected(std::string(kWanted));
  const auto authority = parse_authority(std::string_view(origin).substr(https ? 8 : 7));
  if (!authority || authority->ends_with(https ? ":443" : ":80")) return expected(std::string(kWanted));
  return origin;
}

Parsed<std::string> parse_field_name(std::string_view text) {
  const bool token = !text.empty() && text.size() <= 64 &&
                     std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-'; });
  if (!token) return expected("the name of a header field (letters, digits and '-')");
  return to_lower(text);
}

Parsed<Method> parse_method(std::string_view text) {
  for (const Method method : kMethods) {
    if (text == to_string(method)) return method;
  }
  return expected("one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, QUERY");
}

Parsed<std::string> parse_method_name(std::string_view text) {
  const auto method = parse_method(text);
  if (!method) return std::unexpected(method.error());
  return std::string(text);
}

Parsed<std::string> parse_name(std::string_view text) {
  const bool good = !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_' || c == '-';
  });
  if (!good) return expected("a name of at most 32 of a-z, 0-9, '_' and '-'");
  return std::string(text);
}

Parsed<std::string> parse_key_prefix(std::string_view text) {
  // No braces: in Redis Cluster they would decide the slot of every key.
  const bool good = !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == ':' || c == '_' || c == '-' || c == '.';
  });
  if (!good) return expected("at most 32 letters, digits and ':', '_', '-', '.'");
  return std::string(text);
}

Parsed<std::string> parse_path(std::string_view text) {
  if (!text.starts_with('/')) return expected("a path that begins with '/'");
  if (text.size() > 256) return expected("a path of at most 256 characters");
  // Only characters whose encoded form is decoded on the way in: an exact route for "/a;b" could be passed by with
  // "/a%3Bb", which the canonical path keeps and the upstream decodes.
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '/' || c == '-' || c == '.' || c == '_' || c == '~';
  });
  if (!plain) return expected("a path of letters, digits, '-', '.', '_', '~' ('*' only as a final \"/*\")");
  if (text.find("//") != std::string_view::npos) return expected("a path without '//'");
  std::string path = to_lower(text);
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  for (const std::string_view dots : {"/./", "/../"}) {
    if ((path + '/').find(dots) != std::string::npos) return expected("a path without '/./' and '/../'");
  }
  return path;
}

bool is_loopback(const HostPort& host) {
  static const Cidr v4 = *Cidr::parse("127.0.0.0/8");
  static const Cidr v6 = *Cidr::parse("::1");
  const auto address = IpAddress::parse(host.host);
  return address ? v4.contains(*address) || v6.contains(*address) : host.host == "localhost";
}

std::string describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::Scalar:
      return node.plain ? "found " + in_quotes(node.text) : "found the string " + in_quotes(node.text);
    case YamlNode::Kind::List:
      return "found a list";
    case YamlNode::Kind::Map:
      return "found a map";
    case YamlNode::Kind::Null:
    case YamlNode::Kind::Invalid:
      break;
  }
  return "found nothing";
}

std::string_view nearest(std::string_view text, const std::vector<std::string_view>& candidates) {
  if (text.size() > 64) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(2, text.size() / 3) + 1;
  for (const auto candidate : candidates) {
    const std::size_t distance = edit_distance(text, candidate);
    if (distance < best_distance && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace sallyport::api_gateway
