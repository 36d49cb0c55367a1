#include "sallyport/storage/redis_url.hpp"

#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "sallyport/core/ip_address.hpp"

// No error here repeats any part of the text: a password with an unencoded '/', '?' or ':' makes its pieces look like a
// host, a port or a parameter.
namespace sallyport::storage {
namespace {

constexpr std::size_t kUrlBytesMax = 4096;
constexpr std::size_t kSocketPathMax = sizeof(sockaddr_un::sun_path) - 1;

std::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::InternalError, "Redis URL: " + std::string(why));
}

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_host_character(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_';
}

int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// nullopt on a broken escape or an encoded NUL.
std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) noexcept {
  Number value{};
  if (text.empty() || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// userinfo: what stands before '@'.
Result<> parse_user_info(std::string_view text, RedisUrl& url) {
  if (text.empty()) return refuse("there is an @ but no user or password before it");
  const std::size_t colon = text.find(':');
  auto user = percent_decode(text.substr(0, colon));
  if (!user) return refuse("the user is not correctly percent-encoded");
  url.user = std::move(*user);
  if (colon == std::string_view::npos) return {};
  auto password = percent_decode(text.substr(colon + 1));
  if (!password) return refuse("the password is not correctly percent-encoded");
  url.password = Secret<std::string>(*password);
  wipe(password->data(), password->size());
  if (url.password.empty() && url.user.empty()) return refuse("the password is empty");
  return {};
}

Result<> parse_host_and_port(std::string_view text, RedisUrl& url) {
  std::string_view host = text;
  std::optional<std::string_view> port;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return refuse("the [ of the IPv6 address is not closed");
    host = text.substr(1, close - 1);
    const auto address = IpAddress::parse(host);
    if (!address || host.find(':') == std::string_view::npos) return refuse("between [ and ] stands no IPv6 address");
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty()) {
      if (rest[0] != ':') return refuse("after ] only a port may follow");
      port = rest.substr(1);
    }
  } else {
    const std::size_t colon = text.find(':');
    host = text.substr(0, colon);
    if (colon != std::string_view::npos) port = text.substr(colon + 1);
    if (host.empty()) return refuse("the host is missing");
    if (host.size() > 253 || !std::ranges::all_of(host, is_host_character)) {
      return refuse("the host is not a name or an address (is the password percent-encoded?)");
    }
  }
  url.host = host;
  if (!port) return {};
  const auto number = parse_number<std::uint16_t>(*port);
  if (!number || *number == 0)
    return refuse("the port is not a number from 1 to 65535 (is the password percent-encoded?)");
  url.port = *number;
  return {};
}

Result<> set_parameter(std::string_view key, std::string_view value, RedisUrl& url, bool& seen_database) {
  if (url.transport == RedisUrl::Transport::Unix && key == "db") {
    const auto number = parse_number<std::uint32_t>(value);
    if (seen_database || !number) return refuse("db is not one number");
    seen_database = true;
    url.database = *number;
    return {};
  }
  std::string* file = nullptr;
  if (url.transport == RedisUrl::Transport::Tls) {
    if (key == "ca") file = &url.ca_file;
    if (key == "cert") file = &url.certificate_file;
    if (key == "key") file = &url.private_key_file;
  }
  if (file == nullptr) return refuse("unknown parameter; rediss:// takes ca, cert and key, unix:// takes db");
  auto decoded = percent_decode(value);
  if (!decoded || decoded->empty()) return refuse("a file parameter is empty or not correctly percent-encoded");
  if (!file->empty()) return refuse("a parameter appears twice");
  *file = std::move(*decoded);
  return {};
}

Result<> parse_query(std::string_view query, RedisUrl& url) {
  bool seen_database = false;
  for (;;) {
    const std::size_t end = query.find('&');
    const std::string_view item = query.substr(0, end);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) return refuse("a parameter has no value");
    if (auto set = set_parameter(item.substr(0, equals), item.substr(equals + 1), url, seen_database); !set) return set;
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  if (url.certificate_file.empty() != url.private_key_file.empty()) {
    return refuse("cert and key are needed together");
  }
  return {};
}

Result<> parse_path(std::string_view path, RedisUrl& url) {
  if (url.transport == RedisUrl::Transport::Unix) {
    auto socket = percent_decode(path);
    if (!socket || socket->size() < 2) return refuse("the path of the socket is missing or wrongly encoded");
    if (socket->size() > kSocketPathMax) return refuse("the path of the socket is too long");
    url.host = std::move(*socket);
    return {};
  }
  if (path.empty() || path == "/") return {};
  const auto number = parse_number<std::uint32_t>(path.substr(1));
  if (!number) return refuse("the path is not a database number (is the password percent-encoded?)");
  url.database = *number;
  return {};
}

Result<std::string_view> parse_scheme(std::string_view text, RedisUrl& url) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return refuse("it does not start with redis://, rediss:// or unix://");
  const std::string_view scheme = text.substr(0, end);
  if (scheme == "redis") {
    url.transport = RedisUrl::Transport::Tcp;
  } else if (scheme == "rediss") {
    url.transport = RedisUrl::Transport::Tls;
  } else if (scheme == "unix") {
    url.transport = RedisUrl::Transport::Unix;
  } else if (scheme == "redis+sentinel" || scheme == "redis+cluster") {
    return refuse("Sentinel and Cluster are not supported yet");
  } else {
    return refuse("the scheme is not redis, rediss or unix");
  }
  return text.substr(end + 3);
}

}  // namespace

Result<RedisUrl> RedisUrl::parse(std::string_view text) {
  if (text.size() > kUrlBytesMax) return refuse("it is longer than 4096 characters");
  if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c > '~'; })) {
    return refuse("it has a space, a control character or a non-ASCII character; percent-encode it");
  }
  RedisUrl url;
  const auto rest = parse_scheme(text, url);
  if (!rest) return std::unexpected(rest.error());
  if (rest->find('#') != std::string_view::npos) return refuse("it has a #; percent-encode it");

  const std::size_t question = rest->find('?');
  const std::string_view before_query = rest->substr(0, question);
  const std::size_t slash = before_query.find('/');
  std::string_view authority = before_query.substr(0, slash);
  const std::string_view path = slash == std::string_view::npos ? std::string_view() : before_query.substr(slash);

  if (const std::size_t at = authority.find('@'); at != std::string_view::npos) {
    if (authority.find('@', at + 1) != std::string_view::npos) return refuse("it has two @; percent-encode the first");
    if (auto parsed = parse_user_info(authority.substr(0, at), url); !parsed) return std::unexpected(parsed.error());
    authority.remove_prefix(at + 1);
  }
  if (url.transport == Transport::Unix) {
    if (!authority.empty()) return refuse("the path of the socket does not start with /");
  } else if (auto parsed = parse_host_and_port(authority, url); !parsed) {
    return std::unexpected(parsed.error());
  }
  if (auto parsed = parse_path(path, url); !parsed) return std::unexpected(parsed.error());
  if (question != std::string_view::npos) {
    if (auto parsed = parse_query(rest->substr(question + 1), url); !parsed) return std::unexpected(parsed.error());
  }
  return url;
}

std::string RedisUrl::endpoint() const {
  if (transport == Transport::Unix) return host;
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

bool RedisUrl::is_loopback() const noexcept {
  if (transport == Transport::Unix || host == "localhost") return true;
  const auto address = IpAddress::parse(host);
  if (!address) return false;
  const auto& bytes = address->bytes();
  if (address->is_v4()) return bytes[12] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; }) && bytes[15] == 1;
}

}  // namespace sallyport::storage
