#include "sallyport/storage/sql/database_url.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "sallyport/core/ip_address.hpp"

// No error here repeats any part of the text, libpq's own messages included: with a '@' or '/' that was not encoded,
// pieces of a password look like a host, a port or a parameter.
namespace sallyport::storage {
namespace {

constexpr std::size_t kUrlBytesMax = 4096;

std::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorCode::InternalError, "database URL: " + std::string(why));
}

struct FreeOptions {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
struct FreeMessage {
  void operator()(char* message) const noexcept { PQfreemem(message); }
};

/// Parameters that would take the connection elsewhere, around TLS, or to a file of passwords.
constexpr std::array<std::string_view, 6> kRefused = {"service",    "passfile", "gssencmode",
                                                      "krbsrvname", "gsslib",   "requirepeer"};
constexpr std::array<std::string_view, 6> kSslModes = {"disable", "allow",     "prefer",
                                                       "require", "verify-ca", "verify-full"};

/// One host of the list, "" where there is none (libpq takes a unix socket then).
std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> items;
  for (;;) {
    const std::size_t comma = list.find(',');
    items.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return items;
    list.remove_prefix(comma + 1);
  }
}

bool is_local_host(std::string_view host) {
  if (host == "localhost" || host.starts_with('/') || host.starts_with('@')) return true;
  const auto address = IpAddress::parse(host);
  return address && (Cidr::parse("127.0.0.0/8")->contains(*address) || Cidr::parse("::1/128")->contains(*address));
}

Result<DatabaseUrl> parse_sqlite(std::string_view path) {
  if (path.empty()) return refuse("sqlite: needs the path of a file");
  if (path.front() == ':' || path.starts_with("file:")) return refuse("sqlite: takes the path of a file, nothing else");
  if (std::ranges::any_of(
          path, [](char c) { return c == '=' || c == '"' || c == '\x7f' || static_cast<unsigned char>(c) < ' '; })) {
    return refuse("the path has a '=', a '\"' or a control character");
  }
  DatabaseUrl url;
  url.dialect = SqlDialect::Sqlite;
  url.path = path;
  return url;
}

Result<> take(const PQconninfoOption& option, DatabaseUrl& url) {
  const std::string_view name = option.keyword;
  const std::string_view value = option.val;
  if (std::ranges::any_of(value, [](char c) { return c == '\0' || c == '\n' || c == '\r'; })) {
    return refuse("a parameter has a line end");
  }
  if (name == "password") {
    url.password = Secret<std::string>(std::string(value));
    return {};
  }
  if (std::ranges::find(kRefused, name) != kRefused.end()) {
    return refuse("the parameter " + std::string(name) + " is not allowed");
  }
  if (name == "sslmode" && std::ranges::find(kSslModes, value) == kSslModes.end()) {
    return refuse("sslmode is none of disable, allow, prefer, require, verify-ca, verify-full");
  }
  url.parameters.emplace_back(name, value);
  return {};
}

Result<DatabaseUrl> parse_postgres(const std::string& text) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(text.c_str(), &message));
  const std::unique_ptr<char, FreeMessage> owned(message);
  if (!options) return refuse("it is malformed, or has an unknown parameter (is the password percent-encoded?)");
  DatabaseUrl url;
  url.dialect = SqlDialect::PostgreSql;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr || *option->val == '\0') continue;
    auto taken = take(*option, url);
    wipe(option->val, std::char_traits<char>::length(option->val));
    if (!taken) return std::unexpected(std::move(taken.error()));
  }
  if (url.parameter("host").empty() && url.parameter("hostaddr").empty()) {
    return refuse("the host is missing; for a unix socket write ?host=/folder/of/the/socket");
  }
  if (url.parameter("dbname").empty()) return refuse("the database's name is missing");
  if (url.parameter("user").empty()) return refuse("the user is missing");
  return url;
}

}  // namespace

Result<DatabaseUrl> DatabaseUrl::parse(std::string_view text) {
  if (text.size() > kUrlBytesMax) return refuse("it is longer than 4096 characters");
  if (text.starts_with("sqlite:")) return parse_sqlite(text.substr(7));
  if (!text.starts_with("postgresql://") && !text.starts_with("postgres://")) {
    return refuse("it starts with neither postgresql:// nor sqlite:");
  }
  if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c > '~'; })) {
    return refuse("it has a space, a control character or a non-ASCII character; percent-encode it");
  }
  if (text.find('#') != std::string_view::npos) return refuse("it has a #; percent-encode it");
  std::string copy(text);
  auto url = parse_postgres(copy);
  wipe(copy.data(), copy.size());
  return url;
}

std::string_view DatabaseUrl::parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::string DatabaseUrl::endpoint() const {
  if (dialect == SqlDialect::Sqlite) return "sqlite:" + path;
  const std::string_view host = parameter("host").empty() ? parameter("hostaddr") : parameter("host");
  const std::string_view port = parameter("port").empty() ? std::string_view("5432") : parameter("port");
  return std::string(host) + ":" + std::string(port) + "/" + std::string(parameter("dbname"));
}

bool DatabaseUrl::is_local() const noexcept {
  if (dialect == SqlDialect::Sqlite) return true;
  // hostaddr is where libpq connects; host is then only a name to verify.
  const std::string_view addresses = parameter("hostaddr");
  const std::vector<std::string_view> numeric = split(addresses);
  const std::vector<std::string_view> hosts = split(parameter("host"));
  for (std::size_t i = 0; i < std::max(numeric.size(), hosts.size()); ++i) {
    const std::string_view address = i < numeric.size() ? numeric[i] : std::string_view();
    const std::string_view host = i < hosts.size() ? hosts[i] : std::string_view();
    if (!is_local_host(address.empty() ? host : address)) return false;
  }
  return true;
}

Result<> DatabaseUrl::check_transport(bool allow_plaintext) const {
  const std::string_view mode = parameter("sslmode");
  if (is_local() || allow_plaintext || mode.empty() || mode == "verify-full") return {};
  return refuse("sslmode=" + std::string(mode) +
                " off this machine does not prove who the server is; use verify-full, or set allow_plaintext: true");
}

}  // namespace sallyport::storage
