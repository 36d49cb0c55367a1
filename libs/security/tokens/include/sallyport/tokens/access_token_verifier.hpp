#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/tokens/claims.hpp"
#include "sallyport/tokens/key_set.hpp"
#include "sallyport/tokens/token_error.hpp"

namespace sallyport::tokens {

inline constexpr std::size_t kAccessTokenBytesMax = 8192;

/// Whose tokens a verifier reads.
enum class IssuerKind : std::uint8_t {
  Own,      ///< as AccessTokenIssuer writes them: every claim is required, `typ` is at+jwt
  Outside,  ///< another identity provider: `typ` at+jwt or JWT, only iss, aud, sub and exp are required
};

/// Verifies the access tokens of ONE issuer, after RFC 8725 and RFC 7515 section 5.2: the signature first, then the
/// claims; the key decides about the algorithm, never the token.
/// Lives on one thread; the key set is a snapshot that is replaced by use().
/// Cost: one signature check (Ed25519 about 0.1 ms); see CachedVerifier.
/// Posture: hardened against untrusted clients; trusts its key set.
class AccessTokenVerifier final {
 public:
  struct Options {
    std::string issuer;    ///< `iss` must be exactly this
    std::string audience;  ///< `aud` must be this, or an array that holds it
    IssuerKind kind = IssuerKind::Own;
    std::chrono::seconds leeway{30};  ///< for clocks that differ, on exp, nbf and iat
  };

  /// Throws std::invalid_argument for an empty issuer or audience. keys may be null until the first set has loaded.
  AccessTokenVerifier(Options options, std::shared_ptr<const KeySet> keys);

  void use(std::shared_ptr<const KeySet> keys) noexcept { keys_ = std::move(keys); }
  bool ready() const noexcept { return keys_ != nullptr; }
  const std::string& issuer() const noexcept { return options_.issuer; }

  /// Everything: signature, claims, time. Any bytes may come in.
  std::expected<VerifiedToken, TokenError> verify(std::string_view token, WallTime now) const;

  /// The part that stays true for a token, and so may be remembered: structure, signature, all claims but their times.
  std::expected<VerifiedToken, TokenError> check_once(std::string_view token) const;
  /// The part that must be asked on every request, also for a remembered token: its key is still loaded (that key, not
  /// another under its name), exp, nbf and iat. The denylist is the caller's.
  std::expected<void, TokenError> check_every_time(const VerifiedToken& token, WallTime now) const noexcept;

 private:
  std::expected<const VerificationKey*, TokenError> choose_key(std::string_view header) const;
  std::expected<Claims, TokenError> read_claims(std::string_view payload) const;

  Options options_;
  std::shared_ptr<const KeySet> keys_;
};

/// What the token SAYS its issuer is, without any proof: only to choose the verifier, which then checks it. nullopt
/// when the token is malformed.
std::optional<std::string> unverified_issuer(std::string_view token);

}  // namespace sallyport::tokens
