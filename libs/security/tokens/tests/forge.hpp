#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/encoding.hpp"
#include "sallyport/crypto/key_ring.hpp"
#include "sallyport/tokens/access_token_issuer.hpp"
#include "sallyport/tokens/access_token_verifier.hpp"
#include "sallyport/tokens/key_set.hpp"

namespace sallyport::tokens::testing {

inline constexpr std::int64_t kNow = 1'767'225'600;  // 2026-01-01
inline WallTime at(std::int64_t since_epoch) {
  return WallTime(std::chrono::seconds(since_epoch));
}

inline std::string encode(std::string_view bytes) {
  return crypto::base64url_encode(crypto::bytes_of(bytes));
}
inline std::string decode(std::string_view text) {
  return crypto::base64url_decode(text).value();
}

inline std::string signature_of(std::string_view signed_part, const crypto::SigningKey& key) {
  const crypto::Signature signature = key.sign(crypto::bytes_of(signed_part));
  return std::string(crypto::text_of(signature));
}

/// Any header over any claims under a right signature.
inline std::string forge(std::string_view header, std::string_view claims, const crypto::SigningKey& key) {
  const std::string signed_part = encode(header) + "." + encode(claims);
  return signed_part + "." + encode(signature_of(signed_part, key));
}

/// Two loaded keys of ours, ed (EdDSA) and es (ES256), a stranger's key, and tokens that are right but for what a test
/// changes in them.
struct Forge {
  crypto::SigningKey ed = crypto::SigningKey::generate(crypto::SignatureAlgorithm::EdDSA);
  crypto::SigningKey es = crypto::SigningKey::generate(crypto::SignatureAlgorithm::ES256);
  crypto::SigningKey stranger = crypto::SigningKey::generate(crypto::SignatureAlgorithm::EdDSA);

  static constexpr std::string_view kHeader = R"({"typ":"at+jwt","alg":"EdDSA","kid":"ed"})";
  static constexpr std::string_view kEsHeader = R"({"typ":"at+jwt","alg":"ES256","kid":"es"})";
  static constexpr std::string_view kClaims =
      R"({"iss":"https://id.example","aud":"shop","sub":"u1","sid":"s1","jti":"j1","role":"user","iat":1767225600,"exp":1767226500})";

  crypto::TokenKeyRing ring() const { return crypto::TokenKeyRing({{"ed", ed}, {"es", es}}); }
  static AccessTokenVerifier::Options options(IssuerKind kind = IssuerKind::Own) {
    return {.issuer = "https://id.example", .audience = "shop", .kind = kind};
  }
  AccessTokenVerifier verifier(IssuerKind kind = IssuerKind::Own) const { return {options(kind), KeySet::of(ring())}; }

  std::string good() const { return forge(kHeader, kClaims, ed); }
  std::string good_es() const { return forge(kEsHeader, kClaims, es); }
  std::string with_header(std::string_view header) const { return forge(header, kClaims, ed); }
  std::string with_claims(std::string_view claims) const { return forge(kHeader, claims, ed); }
  /// kClaims with `from` replaced by `to`.
  std::string with_claim(std::string_view from, std::string_view to) const {
    std::string claims(kClaims);
    return with_claims(claims.replace(claims.find(from), from.size(), to));
  }
  /// One more header parameter, for example `"crit":[]`.
  std::string with_parameter(std::string_view parameter) const {
    std::string header(kHeader);
    header.pop_back();
    return with_header(header.append(",").append(parameter).append("}"));
  }
  /// A good token with another third segment.
  static std::string with_signature(std::string token, std::string_view signature) {
    token.resize(token.rfind('.') + 1);
    return token.append(signature);
  }
};

}  // namespace sallyport::tokens::testing
