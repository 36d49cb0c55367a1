#include "middleware/authenticate.hpp"

#include "refuse.hpp"
#include "sallyport/core/ascii.hpp"
#include "sallyport/tokens/credentials.hpp"

namespace sallyport::api_gateway {
namespace {

using Outcome = TokenMetrics::Outcome;
using tokens::Credentials;
using tokens::TokenError;

/// What a client is told. RFC 6750 section 3.1: no error is named where no token was sent.
struct Refusal {
  Outcome outcome;
  ErrorCode code;
  std::string_view detail;
  std::string_view challenge;
};

constexpr Refusal kRefusals[] = {
    {Outcome::Missing, ErrorCode::AuthenticationRequired, "Send an access token: Authorization: Bearer <token>.",
     "Bearer"},
    {Outcome::Invalid, ErrorCode::InvalidToken, "The access token is not valid.",
     R"(Bearer error="invalid_token", error_description="The access token is not valid")"},
    {Outcome::Expired, ErrorCode::TokenExpired, "The access token has expired; refresh it.",
     R"(Bearer error="invalid_token", error_description="The access token has expired")"},
    {Outcome::Revoked, ErrorCode::TokenRevoked, "The session of this access token has ended.",
     R"(Bearer error="invalid_token", error_description="The access token has been revoked")"},
    {Outcome::Forbidden, ErrorCode::Forbidden, "Your role does not allow this.",
     R"(Bearer error="insufficient_scope", error_description="The role of the token does not allow this")"},
    {Outcome::NoKeys, ErrorCode::ServiceUnavailable, "Tokens cannot be verified yet; try again soon.", {}},
    {Outcome::RefusedUnchecked,
     ErrorCode::ServiceUnavailable,
     "Whether the session has ended cannot be checked now; try again soon.",
     {}},
};

bool has_field(std::string_view fields, std::string_view name) noexcept {
  while (!fields.empty()) {
    const std::size_t end = std::min(fields.find("\r\n"), fields.size());
    if (end > name.size() && fields[name.size()] == ':' && iequals(fields.substr(0, name.size()), name)) return true;
    fields.remove_prefix(std::min(end + 2, fields.size()));
  }
  return false;
}

bool refuses_unchecked(const Exchange& exchange) noexcept {
  using net::http::Method;
  switch (exchange.lookup.route->revocation) {
    case Revocation::Strict:
      return true;
    case Revocation::StrictWrites:
      return exchange.request.method != Method::Get && exchange.request.method != Method::Head;
    case Revocation::Lenient:
      break;
  }
  return false;
}

}  // namespace

TokenMetrics::TokenMetrics(metrics::Registry& registry) {
  constexpr std::string_view kOutcomes[] = {"accepted", "anonymous", "missing", "invalid",          "expired",
                                            "revoked",  "forbidden", "no_keys", "refused_unchecked"};
  for (std::size_t i = 0; i < outcomes_.size(); ++i) {
    outcomes_[i] = registry.counter("gateway_authentications_total", "Requests on routes that ask for tokens.",
                                    {{"outcome", std::string(kOutcomes[i])}});
  }
  verifications_ = registry.counter("gateway_token_verifications_total",
                                    "Tokens that were not remembered, and so had to be verified.");
  unchecked_ = registry.counter("gateway_denylist_unchecked_total",
                                "Tokens whose session Redis could not say to have ended or not.");
}

void Authenticate::look_ahead(Exchange& exchange) {
  if (exchange.lookup.auth == AuthMode::None || !sessions_.remote()) return;
  const Credentials credentials = tokens::credentials_of(exchange.request.fields);
  if (credentials.kind != Credentials::Kind::Bearer) return;
  exchange.token = verifier_->remembered(credentials.token, clock_.wall_now());
  if (exchange.token != nullptr) exchange.session = sessions_.ask(exchange.token->claims.session);
}

std::optional<net::Response> Authenticate::on_request(Exchange& exchange) {
  if (exchange.lookup.auth == AuthMode::None) return std::nullopt;
  if (exchange.token == nullptr) {
    const Credentials credentials = tokens::credentials_of(exchange.request.fields);
    if (credentials.kind == Credentials::Kind::None && exchange.lookup.auth == AuthMode::Optional) {
      shard_.add(metrics_.of(Outcome::Anonymous));
      return std::nullopt;
    }
    if (credentials.kind == Credentials::Kind::Several) return refuse_as(exchange, Outcome::Invalid);
    if (credentials.kind != Credentials::Kind::Bearer) return refuse_as(exchange, Outcome::Missing);
    if (auto refused = verify(exchange, credentials.token)) return refused;
  }
  // A session of theirs may be called like one of ours.
  if (exchange.outside != nullptr) return admit(exchange, SessionState::Open);
  const std::string_view session = exchange.token->claims.session;
  if (sessions_.ended_here(session)) return admit(exchange, SessionState::Ended);
  if (!sessions_.remote()) return admit(exchange, SessionState::Open);
  if (exchange.session == nullptr) exchange.session = sessions_.ask(session);
  const auto answer = exchange.session->answer();
  return answer ? admit(exchange, *answer) : std::nullopt;
}

bool Authenticate::must_wait(Exchange& exchange) {
  return exchange.token != nullptr && !exchange.principal;
}

runtime::Task<std::optional<net::Response>> Authenticate::wait(Exchange& exchange) {
  const SessionState session = co_await exchange.session->wait();
  co_return admit(exchange, session);
}

/// Whose verifier is to judge a token that is not ours; null: ours. The token is only believed about whom to ask.
OutsideIssuer* Authenticate::outside_issuer(const Exchange& exchange, std::string_view token) const {
  const std::vector<std::size_t>& allowed = exchange.lookup.route->issuers;
  if (allowed.empty()) return nullptr;
  const auto claimed = tokens::unverified_issuer(token);
  if (!claimed) return nullptr;
  for (const std::size_t index : allowed) {
    if (outside_[index]->issuer() == *claimed) return outside_[index].get();
  }
  return nullptr;
}

/// Sets exchange.token, or says why not.
std::optional<net::Response> Authenticate::verify(Exchange& exchange, std::string_view token) {
  const WallTime now = clock_.wall_now();
  OutsideIssuer* const outside = outside_issuer(exchange, token);
  tokens::CachedVerifier& verifier = outside != nullptr ? outside->verifier() : *verifier_;
  exchange.outside = outside;
  exchange.token = verifier.remembered(token, now);
  if (exchange.token != nullptr) return std::nullopt;
  auto verified = verifier.verify(token, now);
  if (verified || verified.error() != TokenError::NoKeys) shard_.add(metrics_.verifications());
  if (verified) {
    exchange.token = *std::move(verified);
    return std::nullopt;
  }
  switch (verified.error()) {
    case TokenError::NoKeys:
      return refuse_as(exchange, Outcome::NoKeys);
    case TokenError::Expired:
      return refuse_as(exchange, Outcome::Expired);
    case TokenError::UnknownKey:
      outside != nullptr ? outside->unknown_key() : unknown_key_();
      break;
    default:
      break;
  }
  return refuse_as(exchange, Outcome::Invalid);
}

/// Sets exchange.principal, or says why not.
std::optional<net::Response> Authenticate::admit(Exchange& exchange, SessionState session) {
  if (session == SessionState::Ended) return refuse_as(exchange, Outcome::Revoked);
  if (session == SessionState::Unknown) {
    shard_.add(metrics_.unchecked());
    if (refuses_unchecked(exchange)) return refuse_as(exchange, Outcome::RefusedUnchecked);
  }
  const std::string_view claimed = exchange.token->claims.role;
  const std::string_view role = exchange.outside != nullptr ? exchange.outside->role_of(claimed) : claimed;
  if (!allows(exchange.lookup.route->role, role)) return refuse_as(exchange, Outcome::Forbidden);
  shard_.add(metrics_.of(Outcome::Accepted));
  exchange.principal.emplace(exchange.token, role);
  return std::nullopt;
}

net::Response Authenticate::refuse_as(const Exchange& exchange, Outcome outcome) {
  shard_.add(metrics_.of(outcome));
  const Refusal* refusal = std::begin(kRefusals);
  while (refusal->outcome != outcome) ++refusal;
  if (!refusal->challenge.empty()) {
    net::Response response = refuse(exchange, refusal->code, refusal->detail);
    response.add("WWW-Authenticate", refusal->challenge);
    return response;
  }
  net::Response response = refuse(exchange, refusal->code, refusal->detail, R"("retry_after":1)");
  response.add("Retry-After", "1");
  return response;
}

void Authenticate::on_response(Exchange& exchange, net::Response& response) {
  if (!exchange.principal || has_field(response.fields, "cache-control")) return;
  response.add("Cache-Control", "no-store");
}

}  // namespace sallyport::api_gateway
