#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "exchange.hpp"
#include "identity/session_check.hpp"
#include "sallyport/net/filter.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/tokens/cached_verifier.hpp"

namespace sallyport::api_gateway {

/// What became of requests on routes that ask for tokens. Made once per process.
class TokenMetrics final {
 public:
  enum class Outcome : std::uint8_t {
    Accepted,
    Anonymous,  ///< no token where one is optional
    Missing,
    Invalid,
    Expired,
    Revoked,
    Forbidden,
    NoKeys,            ///< 503: no key set has been loaded yet
    RefusedUnchecked,  ///< 503: Redis could not say whether the session has ended
  };
  explicit TokenMetrics(metrics::Registry& registry);

  metrics::CounterId of(Outcome outcome) const noexcept { return outcomes_[static_cast<std::size_t>(outcome)]; }
  metrics::CounterId verifications() const noexcept { return verifications_; }
  metrics::CounterId unchecked() const noexcept { return unchecked_; }

 private:
  std::array<metrics::CounterId, 9> outcomes_;
  metrics::CounterId verifications_;
  metrics::CounterId unchecked_;
};

/// Says who asks, from the access token (RFC 6750 section 2.1), and lets in whom the route takes.
/// Order:   after the limits by address: a flood must not buy signature checks; before the limits by user, and before
///          the body is looked at.
/// Answers: 401 authentication_required, invalid_token, token_expired, token_revoked; 403 forbidden; 503
///          service_unavailable while no keys are loaded, and where a route says so while Redis is away.
/// Cost:    a digest and a look-up for a token that is remembered, and no round trip of its own: the question about its
///          session leaves with the limiter's (look_ahead). A new token: one signature check and one round trip.
/// Posture: hardened against untrusted clients; trusts the key set. The field is passed on: the services look again.
class Authenticate final : public net::WaitingFilter<Exchange> {
 public:
  /// unknown_key: called when a token of ours names a key that is not loaded; must not wait. outside: as in
  /// Config::issuers.
  Authenticate(tokens::CachedVerifier* verifier, SessionCheck& sessions, const TokenMetrics& metrics,
               metrics::Shard& shard, const Clock& clock, std::function<void()> unknown_key,
               std::span<const std::unique_ptr<OutsideIssuer>> outside = {})
      : verifier_(verifier),
        sessions_(sessions),
        metrics_(metrics),
        shard_(shard),
        clock_(clock),
        unknown_key_(std::move(unknown_key)),
        outside_(outside) {}

  /// Starts asking about the session of a token that is remembered, so that the answer comes with the limiter's. For
  /// the step above, right before it sends; decides nothing.
  void look_ahead(Exchange& exchange);

  std::optional<net::Response> on_request(Exchange& exchange) override;
  bool must_wait(Exchange& exchange) override;
  runtime::Task<std::optional<net::Response>> wait(Exchange& exchange) override;
  void on_response(Exchange& exchange, net::Response& response) override;

 private:
  OutsideIssuer* outside_issuer(const Exchange& exchange, std::string_view token) const;
  std::optional<net::Response> verify(Exchange& exchange, std::string_view token);
  std::optional<net::Response> admit(Exchange& exchange, SessionState session);
  net::Response refuse_as(const Exchange& exchange, TokenMetrics::Outcome outcome);

  tokens::CachedVerifier* verifier_;  ///< null when no route asks for tokens
  SessionCheck& sessions_;
  const TokenMetrics& metrics_;
  metrics::Shard& shard_;
  const Clock& clock_;
  std::function<void()> unknown_key_;
  std::span<const std::unique_ptr<OutsideIssuer>> outside_;
};

}  // namespace sallyport::api_gateway
