#pragma once

#include <expected>

#include "adapters/denylist.hpp"
#include "http/exchange.hpp"
#include "sallyport/net/response.hpp"
#include "sallyport/tokens/cached_verifier.hpp"

namespace sallyport::auth_service {

/// Whose access token came with a request.
struct Principal {
  accounts::UserId user;
  accounts::SessionId session;
};

/// Verifies access tokens (RFC 6750 section 2.1) again, whatever a gateway says about them. One for each event loop.
class Bearer final {
 public:
  Bearer(tokens::CachedVerifier& verifier, Denylist& denylist, const Clock& clock)
      : verifier_(verifier), denylist_(denylist), clock_(clock) {}

  /// The bearer, or the 401 for it.
  runtime::Task<std::expected<Principal, net::Response>> authenticate(const Exchange& exchange);

 private:
  tokens::CachedVerifier& verifier_;
  Denylist& denylist_;
  const Clock& clock_;
};

}  // namespace sallyport::auth_service
