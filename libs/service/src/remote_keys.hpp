#pragma once

#include <optional>
#include <string>

#include "sallyport/net/buffer.hpp"
#include "sallyport/net/sweeper.hpp"
#include "sallyport/tokens/jwks_client.hpp"
#include "sallyport/tokens/jwks_source.hpp"

namespace sallyport::service {

/// Keeps the keys that another service publishes, with all that it takes. On one event loop.
class RemoteKeys final {
 public:
  /// publish: called on this loop with each new set. All references outlive it.
  RemoteKeys(runtime::Executor executor, const Clock& clock, log::Logger& logger, tokens::JwksUrl url,
             std::string issuer, tokens::RemoteJwks::Publish publish);

  /// Until stop(). Spawn it once, in a scope that is joined before this goes away.
  runtime::Task<> run() { return jwks_.run(); }
  void stop() noexcept { jwks_.stop(); }
  void unknown_key() noexcept { jwks_.unknown_kid(); }

 private:
  net::Sweeper sweeper_;
  net::BufferPool buffers_;
  tokens::HttpJwksSource source_;
  tokens::RemoteJwks jwks_;
};

}  // namespace sallyport::service
