#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/tokens/cached_verifier.hpp"

namespace sallyport::api_gateway {

/// Another identity provider whose tokens some routes take, as one event loop sees it. Its tokens have no session of
/// ours, so nothing ends them before they expire.
class OutsideIssuer final {
 public:
  /// config outlives it. unknown_key: called when a token of it names a key that is not loaded; must not wait.
  OutsideIssuer(const IssuerConfig& config, std::function<void()> unknown_key);

  const std::string& issuer() const noexcept { return config_.issuer; }
  tokens::CachedVerifier& verifier() noexcept { return verifier_; }
  void unknown_key() const { unknown_key_(); }
  /// What its `role` stands for here: a static text, empty for a role that nobody has mapped.
  std::string_view role_of(std::string_view theirs) const noexcept;

 private:
  const IssuerConfig& config_;
  std::function<void()> unknown_key_;
  tokens::CachedVerifier verifier_;
};

}  // namespace sallyport::api_gateway
