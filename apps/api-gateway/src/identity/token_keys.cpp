#include "identity/token_keys.hpp"

#include <stdexcept>

#include <boost/asio/ip/address.hpp>

namespace sallyport::api_gateway {
namespace {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::size_t kBufferBytes = 16384;

tokens::RemoteJwks::Options options_of(std::chrono::milliseconds refresh) {
  tokens::RemoteJwks::Options options;
  options.schedule.every = refresh;
  options.schedule.unknown_kid_gap = refresh;
  return options;
}

KeyOrigin origin_of(std::string issuer, std::string key, const std::string& url, std::string ca_file) {
  auto parsed = tokens::JwksUrl::parse(url, tokens::PlainHttp::Anywhere);
  if (!parsed) throw std::invalid_argument(key + ": " + parsed.error().detail);
  return {std::move(issuer), std::move(key), *std::move(parsed), std::move(ca_file)};
}

}  // namespace

std::vector<KeyOrigin> key_origins(const Config& config) {
  std::vector<KeyOrigin> origins;
  if (!asks_for_tokens(config)) return origins;
  origins.push_back(origin_of(config.issuer, "jwks_url", config.jwks_url, config.jwks_ca_file));
  for (const IssuerConfig& issuer : config.issuers) {
    origins.push_back(origin_of(issuer.issuer, "jwks_url of " + issuer.name, issuer.jwks_url, issuer.ca_file));
  }
  return origins;
}

std::optional<UpstreamConfig> KeyOrigin::host() const {
  if (url.host == "localhost") return std::nullopt;
  ErrorCodeSys no_address;
  static_cast<void>(asio::ip::make_address(url.host, no_address));
  if (!no_address) return std::nullopt;
  UpstreamConfig host;
  host.name = key;
  host.hosts.push_back({url.host, url.port});
  return host;
}

TokenKeys::TokenKeys(runtime::Executor executor, const Clock& clock, log::Logger& logger, const KeyOrigin& origin,
                     std::chrono::milliseconds refresh, tokens::RemoteJwks::Publish publish)
    : sweeper_(executor, clock, kTick),
      buffers_(kBufferBytes, 1),
      source_(
          executor, sweeper_, buffers_, origin.url,
          [this](std::string host, std::uint16_t, Deadline) { return resolve(std::move(host)); }, origin.ca_file),
      jwks_(executor, clock, logger, source_, origin.issuer, std::move(publish), options_of(refresh)) {}

/// The look-ups are the resolver's work; here stands what it has found so far.
runtime::Task<Result<Endpoints>> TokenKeys::resolve(std::string host) const {
  if (!addresses_.empty()) co_return addresses_;
  co_return fail(ErrorCode::BadGateway, "the name " + host + " has no address", ErrorOrigin::Upstream);
}

}  // namespace sallyport::api_gateway
