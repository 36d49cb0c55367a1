#include "sallyport/tokens/access_token_verifier.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "sallyport/core/ascii.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "strict_json.hpp"
#include "token_text.hpp"

namespace sallyport::tokens {

namespace {

using Value = StrictJson::Value;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr StrictJson::Limits kJsonLimits{.bytes_max = kAccessTokenBytesMax, .values_max = 512};
constexpr std::int64_t kTimeMax = 253'402'300'799;  // 9999-12-31: sums with a leeway cannot overflow

// Header parameters that bring a key, change what is signed, or demand what we do not do (RFC 7515 section 4.1,
// RFC 7516 section 4.1, RFC 7797). `cty` announces a token inside the token (RFC 7519 section 5.2).
constexpr std::array<std::string_view, 7> kForbidden{"crit", "jku", "jwk", "b64", "zip", "enc", "cty"};

struct Segments {
  std::string_view header, payload, signature;
  std::string_view signed_part;  ///< header and payload with the dot between them
};

std::optional<Segments> split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  const Segments parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
                       token.substr(0, second)};
  if (parts.header.empty() || parts.payload.empty() || parts.signature.empty()) return std::nullopt;
  return parts;
}

std::optional<StrictJson> parse_object(std::string_view text) {
  auto document = StrictJson::parse(text, kJsonLimits);
  if (!document || document->root().kind != JsonKind::Object) return std::nullopt;
  return *std::move(document);
}

bool brings_own_rules(const StrictJson& header) {
  for (const Value* member = header.first(header.root()); member != nullptr;
       member = header.next(header.root(), *member)) {
    if (member->name.starts_with("x5") || std::ranges::find(kForbidden, member->name) != kForbidden.end()) return true;
  }
  return false;
}

bool right_type(const Value* typ, IssuerKind kind) {
  if (typ == nullptr || typ->kind != JsonKind::String) return false;
  if (kind == IssuerKind::Own) return typ->text == "at+jwt";
  // A media type, so without regard to case and with "application/" left out or not (RFC 7515 section 4.1.9).
  return iequals(typ->text, "at+jwt") || iequals(typ->text, "application/at+jwt") || iequals(typ->text, "JWT");
}

/// The claims of one token, with a note of whether any was wrong.
class ClaimReader final {
 public:
  explicit ClaimReader(const StrictJson& document) : document_(document) {}

  std::string required_text(std::string_view name) { return text(name, true); }
  std::string text(std::string_view name, bool required) {
    const Value* const value = find(name);
    if (value == nullptr) {
      good_ = good_ && !required;
      return {};
    }
    if (value->kind != JsonKind::String || !is_claim_text(value->text)) {
      good_ = false;
      return {};
    }
    return std::string(value->text);
  }
  std::optional<sys_seconds> time(std::string_view name, bool required) {
    const Value* const value = find(name);
    if (value == nullptr) {
      good_ = good_ && !required;
      return std::nullopt;
    }
    const auto number = integer_of(*value);
    if (!number || *number < 0 || *number > kTimeMax) {
      good_ = false;
      return std::nullopt;
    }
    return sys_seconds(seconds(*number));
  }
  /// `aud` is a string or an array of strings (RFC 7519 section 4.1.3).
  bool has_audience(std::string_view audience) {
    const Value* const value = find("aud");
    if (value != nullptr && value->kind == JsonKind::String) return value->text == audience;
    if (value == nullptr || value->kind != JsonKind::Array) {
      good_ = false;
      return false;
    }
    bool found = false;
    for (const Value* one = document_.first(*value); one != nullptr; one = document_.next(*value, *one)) {
      good_ = good_ && one->kind == JsonKind::String;
      found = found || (one->kind == JsonKind::String && one->text == audience);
    }
    return found;
  }
  const Value* find(std::string_view name) const { return document_.find(document_.root(), name); }
  bool good() const noexcept { return good_; }

 private:
  const StrictJson& document_;
  bool good_ = true;
};

}  // namespace

AccessTokenVerifier::AccessTokenVerifier(Options options, std::shared_ptr<const KeySet> keys)
    : options_(std::move(options)), keys_(std::move(keys)) {
  if (options_.issuer.empty() || options_.audience.empty()) {
    throw std::invalid_argument("access tokens: issuer and audience must be known to verify");
  }
}

std::expected<VerifiedToken, TokenError> AccessTokenVerifier::verify(std::string_view token, WallTime now) const {
  auto verified = check_once(token);
  if (!verified) return verified;
  if (auto still = check_every_time(*verified, now); !still) return std::unexpected(still.error());
  return verified;
}

std::expected<VerifiedToken, TokenError> AccessTokenVerifier::check_once(std::string_view token) const {
  if (keys_ == nullptr) return std::unexpected(TokenError::NoKeys);
  if (token.size() > kAccessTokenBytesMax) return std::unexpected(TokenError::TooLarge);
  const auto segments = split(token);
  if (!segments) return std::unexpected(TokenError::Malformed);
  const auto header = crypto::base64url_decode(segments->header);
  const auto payload = crypto::base64url_decode(segments->payload);
  const auto signature = crypto::base64url_decode(segments->signature);
  if (!header || !payload || !signature) return std::unexpected(TokenError::Malformed);

  const auto key = choose_key(*header);
  if (!key) return std::unexpected(key.error());
  // Nothing of the claims is read before this.
  if (!(*key)->key.verify(crypto::bytes_of(segments->signed_part), crypto::bytes_of(*signature))) {
    return std::unexpected(TokenError::BadSignature);
  }
  auto claims = read_claims(*payload);
  if (!claims) return std::unexpected(claims.error());
  return VerifiedToken{*std::move(claims), (*key)->kid, (*key)->fingerprint};
}

std::expected<const VerificationKey*, TokenError> AccessTokenVerifier::choose_key(std::string_view header) const {
  const auto document = parse_object(header);
  if (!document) return std::unexpected(TokenError::Malformed);
  if (brings_own_rules(*document)) return std::unexpected(TokenError::ForbiddenHeader);
  const Value& root = document->root();
  if (!right_type(document->find(root, "typ"), options_.kind)) return std::unexpected(TokenError::WrongType);
  const Value* const kid = document->find(root, "kid");
  if (kid == nullptr || kid->kind != JsonKind::String) return std::unexpected(TokenError::UnknownKey);
  const VerificationKey* const key = keys_->find(kid->text);
  if (key == nullptr) return std::unexpected(TokenError::UnknownKey);
  const Value* const alg = document->find(root, "alg");
  if (alg == nullptr || alg->kind != JsonKind::String || alg->text != crypto::name_of(key->key.algorithm())) {
    return std::unexpected(TokenError::WrongAlgorithm);
  }
  return key;
}

std::expected<Claims, TokenError> AccessTokenVerifier::read_claims(std::string_view payload) const {
  const auto document = parse_object(payload);
  if (!document) return std::unexpected(TokenError::Malformed);
  const bool own = options_.kind == IssuerKind::Own;
  ClaimReader reader(*document);
  Claims claims;
  claims.issuer = reader.required_text("iss");
  claims.subject = reader.required_text("sub");
  claims.session = reader.text("sid", own);
  claims.id = reader.text("jti", own);
  // Elsewhere `role` may be anything at all, and then it is none.
  const Value* const role = reader.find("role");
  if (own || (role != nullptr && role->kind == JsonKind::String)) claims.role = reader.text("role", own);
  claims.issued_at = reader.time("iat", own).value_or(sys_seconds{});
  claims.not_before = reader.time("nbf", false);
  claims.expires_at = reader.time("exp", true).value_or(sys_seconds{});
  const bool for_us = reader.has_audience(options_.audience);
  if (!reader.good()) return std::unexpected(TokenError::BadClaims);
  if (claims.issuer != options_.issuer) return std::unexpected(TokenError::WrongIssuer);
  if (!for_us) return std::unexpected(TokenError::WrongAudience);
  return claims;
}

std::expected<void, TokenError> AccessTokenVerifier::check_every_time(const VerifiedToken& token,
                                                                      WallTime now) const noexcept {
  if (keys_ == nullptr) return std::unexpected(TokenError::NoKeys);
  const VerificationKey* const key = keys_->find(token.kid);
  if (key == nullptr || key->fingerprint != token.key) return std::unexpected(TokenError::UnknownKey);
  // In whole seconds: a far-off claim would overflow the nanoseconds of the clock. Claims are whole, so nothing is
  // lost.
  const auto second = std::chrono::floor<seconds>(now);
  if (second >= token.claims.expires_at + options_.leeway) return std::unexpected(TokenError::Expired);
  const auto latest = second + options_.leeway;
  const bool early = token.claims.issued_at > latest || (token.claims.not_before && *token.claims.not_before > latest);
  if (early) return std::unexpected(TokenError::NotYetValid);
  return {};
}

std::optional<std::string> unverified_issuer(std::string_view token) {
  if (token.size() > kAccessTokenBytesMax) return std::nullopt;
  const auto segments = split(token);
  if (!segments) return std::nullopt;
  const auto payload = crypto::base64url_decode(segments->payload);
  if (!payload) return std::nullopt;
  const auto document = parse_object(*payload);
  if (!document) return std::nullopt;
  const Value* const issuer = document->find(document->root(), "iss");
  if (issuer == nullptr || issuer->kind != JsonKind::String) return std::nullopt;
  return std::string(issuer->text);
}

}  // namespace sallyport::tokens
