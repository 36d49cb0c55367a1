#include "identity/outside_issuer.hpp"

#include <utility>

namespace sallyport::api_gateway {
namespace {

constexpr std::size_t kTokensRemembered = 1024;  ///< by each event loop, about 1 KiB each

tokens::AccessTokenVerifier verifier_of(const IssuerConfig& config) {
  tokens::AccessTokenVerifier::Options options;
  options.issuer = config.issuer;
  options.audience = config.audience;
  options.kind = tokens::IssuerKind::Outside;
  return {options, nullptr};
}

}  // namespace

OutsideIssuer::OutsideIssuer(const IssuerConfig& config, std::function<void()> unknown_key)
    : config_(config), unknown_key_(std::move(unknown_key)), verifier_(verifier_of(config), kTokensRemembered) {}

std::string_view OutsideIssuer::role_of(std::string_view theirs) const noexcept {
  for (const auto& [name, ours] : config_.roles) {
    if (name == theirs) return ours == Role::Admin ? "admin" : "user";
  }
  return {};
}

}  // namespace sallyport::api_gateway
