#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/net/buffer.hpp"
#include "sallyport/net/sweeper.hpp"
#include "sallyport/tokens/jwks_client.hpp"
#include "sallyport/tokens/jwks_source.hpp"

namespace sallyport::api_gateway {

/// Where an issuer publishes its keys.
struct KeyOrigin {
  std::string issuer;  ///< for the log
  std::string key;     ///< of the configuration, for errors: "jwks_url"
  tokens::JwksUrl url;
  std::string ca_file;

  /// The host as something to look up beside the upstreams; nullopt when there is nothing to look up.
  std::optional<UpstreamConfig> host() const;
};

/// Our own issuer's, then those of Config::issuers in their order; empty when no route asks for tokens. Throws
/// std::invalid_argument for a URL that the configuration should have refused.
std::vector<KeyOrigin> key_origins(const Config& config);

/// What the event loops tell each other about the keys of one origin. Thread-safe.
struct KeyState {
  std::atomic<std::size_t> keys{0};           ///< in the loaded set
  std::atomic<bool> unknown_reported{false};  ///< and not yet taken note of: more reports would say no more
};

/// Keeps the keys of one issuer. On the event loop of one worker.
class TokenKeys final {
 public:
  /// refresh: between two fetches. publish: called on this loop with each new set. All references outlive it. Throws
  /// std::runtime_error when the origin's ca_file cannot be used.
  TokenKeys(runtime::Executor executor, const Clock& clock, log::Logger& logger, const KeyOrigin& origin,
            std::chrono::milliseconds refresh, tokens::RemoteJwks::Publish publish);

  /// Until stop(). Spawn it once, in a scope that is joined before this goes away.
  runtime::Task<> run() { return jwks_.run(); }
  void stop() noexcept { jwks_.stop(); }
  /// A token named a key that is not loaded.
  void unknown_key() noexcept { jwks_.unknown_kid(); }
  /// What the look-up of the origin's host() has found.
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
