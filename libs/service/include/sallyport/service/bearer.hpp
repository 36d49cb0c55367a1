#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "sallyport/denylist/denylist.hpp"
#include "sallyport/net/response.hpp"
#include "sallyport/service/exchange.hpp"
#include "sallyport/tokens/cached_verifier.hpp"

namespace sallyport::service {

/// What becomes of a token of which Redis cannot say whether its session has ended.
enum class Unchecked : std::uint8_t {
  Accepted,  ///< it is good until it expires
  Refused,   ///< 503: where a token that was taken back must do nothing at all
};

/// Verifies access tokens (RFC 6750 section 2.1) again, whatever a gateway says about them. One for each event loop.
class Bearer final {
 public:
  /// unknown_key: called when a token names a key that is not loaded; must not wait. May be empty.
  Bearer(tokens::AccessTokenVerifier verifier, denylist::Denylist& denylist, const Clock& clock,
         std::function<void()> unknown_key = {});

  void use(std::shared_ptr<const tokens::KeySet> keys) noexcept;
  /// Keys have been loaded; until then every token is answered with 503.
  bool ready() noexcept { return verifier_.verifier().ready(); }

  /// Sets exchange.principal. Otherwise the answer: 401 authentication_required, invalid_token, token_expired,
  /// token_revoked; 503 service_unavailable without keys, and with Unchecked::Refused without Redis.
  runtime::Task<std::optional<net::Response>> authenticate(Exchange& exchange,
                                                           Unchecked unchecked = Unchecked::Accepted);

 private:
  tokens::CachedVerifier verifier_;
  denylist::Denylist& denylist_;
  const Clock& clock_;
  std::function<void()> unknown_key_;
};

/// The 403 for a principal that has another role; nullopt: it has this one. After authenticate().
std::optional<net::Response> require_role(const Exchange& exchange, std::string_view role);

}  // namespace sallyport::service
