#include "sallyport/tokens/access_token_issuer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "sallyport/core/assert.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "sallyport/observability/log.hpp"
#include "token_text.hpp"

namespace sallyport::tokens {

namespace {

constexpr std::chrono::seconds kTtlMax{86'400};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  log::append_json_escaped(out, text);
  out += '"';
  return out;
}

bool plain(std::string_view text) {
  return !text.empty() && text.size() <= kClaimBytesMax && is_visible_ascii(text);
}

}  // namespace

AccessTokenIssuer::AccessTokenIssuer(crypto::TokenKeyRing ring, Options options)
    : ring_(std::move(ring)), options_(std::move(options)) {
  if (!is_claim_text(options_.issuer)) throw std::invalid_argument("access tokens: the issuer is out of bounds");
  if (!is_claim_text(options_.audience)) throw std::invalid_argument("access tokens: the audience is out of bounds");
  if (options_.ttl < std::chrono::seconds(1) || options_.ttl > kTtlMax) {
    throw std::invalid_argument("access tokens: the lifetime is out of bounds");
  }
  const crypto::TokenKey& current = ring_.current();
  const std::string header =
      fmt::format(R"({{"typ":"at+jwt","alg":"{}","kid":"{}"}})", crypto::name_of(current.key.algorithm()), current.kid);
  header_ = crypto::base64url_encode(crypto::bytes_of(header)) + '.';
  issuer_json_ = quoted(options_.issuer);
  audience_json_ = quoted(options_.audience);
}

AccessTokenIssuer::Issued AccessTokenIssuer::issue(const Grant& grant, WallTime now) const {
  SALLYPORT_ASSERT(plain(grant.subject) && plain(grant.session) && plain(grant.id) && plain(grant.role));
  const auto issued_at = std::chrono::floor<std::chrono::seconds>(now);
  const auto expires_at = issued_at + options_.ttl;
  const std::string claims =
      fmt::format(R"({{"iss":{},"aud":{},"sub":{},"sid":{},"jti":{},"role":{},"iat":{},"exp":{}}})", issuer_json_,
                  audience_json_, quoted(grant.subject), quoted(grant.session), quoted(grant.id), quoted(grant.role),
                  issued_at.time_since_epoch().count(), expires_at.time_since_epoch().count());
  const std::string payload = crypto::base64url_encode(crypto::bytes_of(claims));
  std::string token;
  token.reserve(header_.size() + payload.size() + 1 + 86);
  token.append(header_).append(payload);
  const crypto::Signature signature = ring_.current().key.sign(crypto::bytes_of(token));
  token.append(".").append(crypto::base64url_encode(signature));
  return {Secret<std::string>(std::move(token)), issued_at, expires_at};
}

}  // namespace sallyport::tokens
