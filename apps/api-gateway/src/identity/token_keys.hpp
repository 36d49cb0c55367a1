#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/net/buffer.hpp"
#include "sallyport/net/sweeper.hpp"
#include "sallyport/tokens/jwks_client.hpp"
#include "sallyport/tokens/jwks_source.hpp"

namespace sallyport::api_gateway {

/// The parsed `jwks_url`; nullopt when no route asks for tokens. Throws std::invalid_argument for a URL that the
/// configuration should have refused.
std::optional<tokens::JwksUrl> key_url(const Config& config);

/// The host of the key set as something to look up beside the upstreams; nullopt when there is nothing to look up.
std::optional<UpstreamConfig> key_host(const std::optional<tokens::JwksUrl>& url);

/// Keeps the keys that verify access tokens, from the address in the configuration. On the event loop of one worker.
class TokenKeys final {
 public:
  /// publish: called on this loop with each new set. All references outlive it. Throws std::runtime_error when
  /// `jwks_ca_file` cannot be used.
  TokenKeys(runtime::Executor executor, const Clock& clock, log::Logger& logger, const Config& config,
            tokens::JwksUrl url, tokens::RemoteJwks::Publish publish);

  /// Until stop(). Spawn it once, in a scope that is joined before this goes away.
  runtime::Task<> run() { return jwks_.run(); }
  void stop() noexcept { jwks_.stop(); }
  /// A token named a key that is not loaded.
  void unknown_key() noexcept { jwks_.unknown_kid(); }
  /// What the look-up of key_host() has found.
  void set_addresses(std::vector<asio::ip::tcp::endpoint> addresses) { addresses_ = std::move(addresses); }

 private:
  runtime::Task<Result<std::vector<asio::ip::tcp::endpoint>>> resolve(std::string host) const;

  net::Sweeper sweeper_;
  net::BufferPool buffers_;
  std::vector<asio::ip::tcp::endpoint> addresses_;
  tokens::HttpJwksSource source_;
  tokens::RemoteJwks jwks_;
};

}  // namespace sallyport::api_gateway
