// Tokens and key sets. The first byte chooses what the rest is: a whole token, or the header or claims of one that is
// signed here (a fuzzer cannot sign), or a JWK set, or a refresh token. Claims that are accepted must be those that
// another JSON reader finds; everything accepted must be the one spelling of what it says.

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fuzz_check.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "sallyport/crypto/key_ring.hpp"
#include "sallyport/tokens/access_token_verifier.hpp"
#include "sallyport/tokens/jwks.hpp"
#include "sallyport/tokens/refresh_token.hpp"

namespace {

namespace crypto = sallyport::crypto;
namespace tokens = sallyport::tokens;
using sallyport::WallTime;

constexpr std::string_view kHeader = R"({"typ":"at+jwt","alg":"EdDSA","kid":"k1"})";
constexpr std::string_view kClaims =
    R"({"iss":"i","aud":"a","sub":"u","sid":"s","jti":"j","role":"user","iat":1767225600,"exp":1767226500})";
const WallTime kNow{std::chrono::seconds(1'767'225'600)};

const crypto::SigningKey& key() {
  static const crypto::SigningKey instance =
      crypto::SigningKey::from_seed(crypto::SignatureAlgorithm::EdDSA, crypto::bytes_of(std::string(32, 's'))).value();
  return instance;
}

tokens::AccessTokenVerifier verifier(tokens::IssuerKind kind) {
  return {{.issuer = "i", .audience = "a", .kind = kind}, tokens::KeySet::of(crypto::TokenKeyRing({{"k1", key()}}))};
}

std::string encode(std::string_view text) {
  return crypto::base64url_encode(crypto::bytes_of(text));
}

std::string sign(std::string_view header, std::string_view claims) {
  const std::string part = encode(header) + "." + encode(claims);
  return part + "." + crypto::base64url_encode(key().sign(crypto::bytes_of(part)));
}

std::string text_at(const boost::json::object& object, std::string_view name) {
  const auto& text = object.at(boost::json::string_view(name.data(), name.size())).as_string();
  return {text.data(), text.size()};
}

void check_whole(std::string_view token) {
  static const auto own = verifier(tokens::IssuerKind::Own);
  (void)tokens::unverified_issuer(token);
  const auto verified = own.verify(token, kNow);
  if (!verified) return;
  FUZZ_CHECK(token.size() <= tokens::kAccessTokenBytesMax);
  // Ed25519 is deterministic: whatever verifies is what we would have signed, byte for byte.
  const std::size_t dot = token.rfind('.');
  FUZZ_CHECK(token.substr(dot + 1) == crypto::base64url_encode(key().sign(crypto::bytes_of(token.substr(0, dot)))));
}

void check_claims(std::string_view claims) {
  static const auto own = verifier(tokens::IssuerKind::Own);
  static const auto outside = verifier(tokens::IssuerKind::Outside);
  const std::string token = sign(kHeader, claims);
  const auto verified = own.verify(token, kNow);
  if (!verified) {
    FUZZ_CHECK(verified.error() != tokens::TokenError::BadSignature);
    return;
  }
  FUZZ_CHECK(outside.verify(token, kNow).has_value());
  const auto theirs = boost::json::parse(boost::json::string_view(claims.data(), claims.size())).as_object();
  FUZZ_CHECK(text_at(theirs, "iss") == "i" && text_at(theirs, "sub") == verified->claims.subject);
  FUZZ_CHECK(text_at(theirs, "sid") == verified->claims.session && text_at(theirs, "jti") == verified->claims.id);
  FUZZ_CHECK(text_at(theirs, "role") == verified->claims.role);
  const std::int64_t expiry = verified->claims.expires_at.time_since_epoch().count();
  FUZZ_CHECK(theirs.at("exp").to_number<std::int64_t>() == expiry && expiry + 30 > 1'767'225'600);
  FUZZ_CHECK(tokens::unverified_issuer(token) == "i");
}

void check_header(std::string_view header) {
  static const auto own = verifier(tokens::IssuerKind::Own);
  const auto verified = own.verify(sign(header, kClaims), kNow);
  if (!verified) return;
  const auto theirs = boost::json::parse(boost::json::string_view(header.data(), header.size())).as_object();
  FUZZ_CHECK(text_at(theirs, "alg") == "EdDSA" && text_at(theirs, "kid") == "k1" && text_at(theirs, "typ") == "at+jwt");
  for (const char* name : {"crit", "jku", "jwk", "x5u", "x5c", "x5t", "b64", "zip"}) FUZZ_CHECK(!theirs.contains(name));
}

void check_key_set(std::string_view text) {
  const auto keys = tokens::parse_jwks(text);
  if (!keys) return;
  FUZZ_CHECK(text.size() <= tokens::kJwksBytesMax && (*keys)->size() <= tokens::kKeysMax);
  for (const tokens::VerificationKey& one : (*keys)->keys()) {
    FUZZ_CHECK((*keys)->find(one.kid) == &one);
    FUZZ_CHECK(!one.key.verify(crypto::bytes_of("message"), crypto::bytes_of(std::string(64, '\0'))));
  }
}

void check_refresh_token(std::string_view text) {
  const auto presented = tokens::parse_refresh_token(text);
  if (presented) FUZZ_CHECK("rt1." + presented->kid + "." + encode(presented->mac.expose()) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  // A copy of exactly this size, so that the sanitizer sees a read past the end.
  const auto copy = std::make_unique_for_overwrite<char[]>(size - 1);
  std::copy(data + 1, data + size, copy.get());
  const std::string_view rest(copy.get(), size - 1);
  switch (data[0]) {
    case 'c':
      check_claims(rest);
      break;
    case 'h':
      check_header(rest);
      break;
    case 'k':
      check_key_set(rest);
      break;
    case 'r':
      check_refresh_token(rest);
      break;
    default:
      check_whole(rest);
  }
  return 0;
}
