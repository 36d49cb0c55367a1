#include "sallyport/tokens/jwks_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "sallyport/net/http/authority.hpp"
#include "sallyport/tokens/jwks.hpp"

namespace sallyport::tokens {

using runtime::Task;
using Endpoints = std::vector<asio::ip::tcp::endpoint>;

namespace {

constexpr std::size_t kUrlBytesMax = 2048;
constexpr std::size_t kAddressesMax = 8;

std::unexpected<Error> bad_url(std::string_view why) {
  return fail(ErrorCode::InternalError, fmt::format("JWKS URL: {}", why));
}

std::unexpected<Error> bad_answer(std::string detail) {
  return fail(ErrorCode::BadGateway, std::move(detail), ErrorOrigin::Upstream);
}

bool loopback(const std::string& host) {
  if (host == "localhost") return true;
  ErrorCodeSys ec;
  const auto address = asio::ip::make_address(host, ec);
  return !ec && address.is_loopback();
}

/// What may stand in a request target (RFC 3986 section 3.3 and 3.4).
bool target_character(char c) {
  return c > ' ' && c < 0x7f && std::string_view("#\"<>\\^`{|}").find(c) == std::string_view::npos;
}

bool coded(const net::http::ResponseHead& head) {
  const auto coding = head.fields.find("content-encoding");
  return coding && *coding != "identity";
}

}  // namespace

Result<JwksUrl> JwksUrl::parse(std::string_view text, PlainHttp plain) {
  JwksUrl url;
  if (text.size() > kUrlBytesMax) return bad_url("longer than 2048 bytes");
  if (text.starts_with("https://")) {
    url.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return bad_url("neither http:// nor https://");
  }
  const std::size_t slash = std::min(text.find_first_of("/?#"), text.size());
  const auto authority = net::http::parse_authority(text.substr(0, slash));
  if (!authority) return bad_url("the host is not valid");
  if (!std::ranges::all_of(text.substr(slash), target_character)) {
    return bad_url("the path holds a character that a URL cannot");
  }
  if (slash < text.size() && text[slash] != '/') return bad_url("the path does not begin with '/'");
  url.authority = net::http::normal_form(*authority, url.tls ? 443 : 80);
  url.port = authority->port.value_or(url.tls ? 443 : 80);
  const auto normal = net::http::parse_authority(url.authority);
  url.host = normal ? std::string(normal->host) : std::string(authority->host);
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  url.path = slash < text.size() ? std::string(text.substr(slash)) : "/";
  if (!url.tls && plain == PlainHttp::LoopbackOnly && !loopback(url.host)) {
    return bad_url("http is for loopback addresses only");
  }
  return url;
}

HttpJwksSource::HttpJwksSource(runtime::Executor executor, net::Sweeper& sweeper, net::BufferPool& buffers, JwksUrl url,
                               Resolve resolve, const std::string& ca_file)
    : executor_(executor),
      sweeper_(sweeper),
      buffers_(buffers),
      url_(std::move(url)),
      resolve_(std::move(resolve)),
      tls_(url_.tls ? std::make_unique<const net::ClientTls>(url_.host, ca_file) : nullptr),
      request_(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nAccept: application/jwk-set+json, application/json\r\n"
                           "Accept-Encoding: identity\r\nConnection: close\r\n\r\n",
                           url_.path, url_.authority)) {}

void HttpJwksSource::abort() noexcept {
  aborted_ = true;
  if (connection_) connection_->abort();
}

Task<Result<Endpoints>> HttpJwksSource::addresses(Deadline deadline) {
  ErrorCodeSys ec;
  const auto literal = asio::ip::make_address(url_.host, ec);
  if (!ec) co_return Endpoints{{literal, url_.port}};
  if (url_.host == "localhost") {
    co_return Endpoints{{asio::ip::address_v4::loopback(), url_.port}, {asio::ip::address_v6::loopback(), url_.port}};
  }
  if (!resolve_) co_return bad_answer(fmt::format("{} is a name, and nothing here looks names up", url_.host));
  co_return co_await resolve_(url_.host, url_.port, deadline);
}

Task<Result<std::string>> HttpJwksSource::fetch(Deadline deadline) {
  aborted_ = false;
  auto endpoints = co_await addresses(deadline);
  if (!endpoints) co_return std::unexpected(std::move(endpoints.error()));
  if (endpoints->size() > kAddressesMax) endpoints->resize(kAddressesMax);
  std::string details;
  ErrorCode code = ErrorCode::BadGateway;
  for (const auto& endpoint : *endpoints) {
    if (aborted_ || (!details.empty() && deadline.expired(sweeper_.clock().now()))) break;
    auto text = co_await fetch_from(endpoint, deadline);
    connection_.reset();
    if (text) co_return text;
    code = text.error().code;
    details +=
        fmt::format("{}{}: {}", details.empty() ? "" : "; ", endpoint.address().to_string(), text.error().detail);
  }
  if (details.empty()) details = aborted_ ? "aborted" : fmt::format("{} has no address", url_.host);
  co_return fail(code, std::move(details), ErrorOrigin::Upstream);
}

Task<Result<std::string>> HttpJwksSource::fetch_from(asio::ip::tcp::endpoint endpoint, Deadline deadline) {
  connection_ = std::make_unique<net::ClientConnection>(executor_, sweeper_, buffers_);
  net::ClientConnection& connection = *connection_;
  auto connected =
      tls_ ? co_await connection.connect(endpoint, *tls_, deadline) : co_await connection.connect(endpoint, deadline);
  if (!connected) co_return std::unexpected(std::move(connected.error()));
  auto sent = connection.send_now(request_, {}, {});
  if (!sent) co_return std::unexpected(std::move(sent.error()));
  if (!*sent) {
    if (auto done = co_await connection.send_rest(); !done) co_return std::unexpected(done.error());
  }
  net::http::ResponseHead head;
  if (auto done = co_await connection.read_head(net::http::Method::Get, head); !done) {
    co_return std::unexpected(done.error());
  }
  if (head.status != 200) co_return bad_answer(fmt::format("answered {} instead of 200", head.status));
  if (coded(head)) co_return bad_answer("answered with a content coding");
  // Without a length the end cannot be told from a cut, and a cut set could still be a valid one without its last key.
  if (head.framing == net::http::Framing::UntilClose) co_return bad_answer("the answer's length is not known");
  const bool announced_too_much = head.framing == net::http::Framing::Length && head.content_length > kJwksBytesMax;
  std::string text;
  while (!announced_too_much) {
    auto piece = co_await connection.next_body();
    if (!piece) co_return std::unexpected(std::move(piece.error()));
    if (piece->empty()) co_return text;
    if (text.size() + piece->size() > kJwksBytesMax) break;
    text.append(piece->data(), piece->size());
  }
  co_return bad_answer("the answer is longer than a key set may be");
}

}  // namespace sallyport::tokens
