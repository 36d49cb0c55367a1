#include "identity/token_keys.hpp"

#include <stdexcept>

#include <boost/asio/ip/address.hpp>

namespace sallyport::api_gateway {
namespace {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::size_t kBufferBytes = 16384;

tokens::RemoteJwks::Options options_of(const Config& config) {
  tokens::RemoteJwks::Options options;
  options.schedule.every = config.jwks_refresh;
  options.schedule.unknown_kid_gap = config.jwks_refresh;
  return options;
}

}  // namespace

std::optional<tokens::JwksUrl> key_url(const Config& config) {
  if (!asks_for_tokens(config)) return std::nullopt;
  auto url = tokens::JwksUrl::parse(config.jwks_url, tokens::PlainHttp::Anywhere);
  if (!url) throw std::invalid_argument("jwks_url: " + url.error().detail);
  return *std::move(url);
}

std::optional<UpstreamConfig> key_host(const std::optional<tokens::JwksUrl>& url) {
  if (!url || url->host == "localhost") return std::nullopt;
  ErrorCodeSys no_address;
  static_cast<void>(asio::ip::make_address(url->host, no_address));
  if (!no_address) return std::nullopt;
  UpstreamConfig host;
  host.name = "jwks_url";
  host.hosts.push_back({url->host, url->port});
  return host;
}

TokenKeys::TokenKeys(runtime::Executor executor, const Clock& clock, log::Logger& logger, const Config& config,
                     tokens::JwksUrl url, tokens::RemoteJwks::Publish publish)
    : sweeper_(executor, clock, kTick),
      buffers_(kBufferBytes, 1),
      source_(
          executor, sweeper_, buffers_, std::move(url),
          [this](std::string host, std::uint16_t, Deadline) { return resolve(std::move(host)); }, config.jwks_ca_file),
      jwks_(executor, clock, logger, source_, config.issuer, std::move(publish), options_of(config)) {}

/// The look-ups are the resolver's work; here stands what it has found so far.
runtime::Task<Result<Endpoints>> TokenKeys::resolve(std::string host) const {
  if (!addresses_.empty()) co_return addresses_;
  co_return fail(ErrorCode::BadGateway, "the name " + host + " has no address", ErrorOrigin::Upstream);
}

}  // namespace sallyport::api_gateway
