#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "middleware/authenticate.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/tokens/access_token_issuer.hpp"

namespace sallyport::api_gateway::test {

inline constexpr const char* kIssuer = "https://id.test";
inline constexpr const char* kAudience = "https://api.test";

/// An issuer with one key, and what reads its tokens.
struct TokenRig {
  static crypto::TokenKeyRing ring_of(std::string kid) {
    std::vector<crypto::TokenKey> keys;
    keys.push_back({std::move(kid), crypto::SigningKey::generate(crypto::SignatureAlgorithm::EdDSA)});
    return crypto::TokenKeyRing(std::move(keys));
  }
  static tokens::CachedVerifier verifier_of(const tokens::AccessTokenIssuer& issuer, std::size_t remembered = 8) {
    tokens::AccessTokenVerifier::Options options;
    options.issuer = kIssuer;
    options.audience = kAudience;
    return {tokens::AccessTokenVerifier(options, tokens::KeySet::of(issuer.ring())), remembered};
  }
  std::string token(std::string_view session = "s1", std::string_view role = "user") {
    const auto issued = issuer.issue({.subject = "u1", .session = session, .id = "j1", .role = role}, clock.wall_now());
    return std::string(issued.token.expose());
  }

  sallyport::testing::FakeClock clock;
  tokens::AccessTokenIssuer issuer{ring_of("at1"), {.issuer = kIssuer, .audience = kAudience}};
  tokens::CachedVerifier verifier = verifier_of(issuer);
};

/// A route with what the router makes of it, and requests for it.
struct AskedRoute {
  explicit AskedRoute(AuthMode mode, Role role = Role::Any, Revocation revocation = Revocation::Lenient) : auth(mode) {
    route.id = "/x";
    route.role = role;
    route.revocation = revocation;
  }
  std::unique_ptr<Exchange> request(const std::vector<std::string>& authorizations,
                                    net::http::Method method = net::http::Method::Get) {
    auto exchange = std::make_unique<Exchange>();
    exchange->reset();
    std::ranges::fill(exchange->id, 'i');
    exchange->path = "/x";
    exchange->client = IpAddress::v4({192, 0, 2, 1});
    exchange->request.method = method;
    for (const std::string& value : authorizations) exchange->request.fields.push({"Authorization", value});
    exchange->lookup.outcome = LookupOutcome::Found;
    exchange->lookup.route = &route;
    exchange->lookup.auth = auth;
    return exchange;
  }

  AuthMode auth;
  Route route;
};

}  // namespace sallyport::api_gateway::test
