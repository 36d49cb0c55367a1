#include "sallyport/tokens/jwks.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "forge.hpp"
#include "openssl_rsa.hpp"

namespace sallyport::tokens::testing {
namespace {

const std::string kX = encode(Forge().ed.public_key().x());

std::string set_of(const std::string& keys) {
  return R"({"keys":[)" + keys + "]}";
}
std::string ed_key(const std::string& kid, const std::string& more = "") {
  return R"({"kty":"OKP","crv":"Ed25519","x":")" + kX + R"(","kid":")" + kid + "\"" + more + "}";
}
std::string rsa_key(const RsaKey& key, const std::string& more = "") {
  return R"({"kty":"RSA","n":")" + encode(key.n()) + R"(","e":")" + encode(key.e()) + R"(","kid":"rsa")" + more + "}";
}

TEST(RenderJwks, WritesPublicHalvesOnlyInTheRingsOrder) {
  const Forge f;
  const std::string text = render_jwks(f.ring());
  EXPECT_EQ(text, R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":")" + encode(f.ed.public_key().x()) +
                      R"(","use":"sig","alg":"EdDSA","kid":"ed"},{"kty":"EC","crv":"P-256","x":")" +
                      encode(f.es.public_key().x()) + R"(","y":")" + encode(f.es.public_key().y()) +
                      R"(","use":"sig","alg":"ES256","kid":"es"}]})");
  EXPECT_EQ(text.find(encode(f.ed.seed().expose())), std::string::npos);
  EXPECT_EQ(text.find(encode(f.es.seed().expose())), std::string::npos);
}

TEST(RenderJwks, IsReadBackToTheSameKeys) {
  const Forge f;
  const auto keys = parse_jwks(render_jwks(f.ring()));
  ASSERT_TRUE(keys.has_value()) << keys.error().detail;
  const auto ours = KeySet::of(f.ring());
  ASSERT_EQ((*keys)->size(), 2U);
  for (const VerificationKey& key : ours->keys()) {
    ASSERT_NE((*keys)->find(key.kid), nullptr);
    EXPECT_EQ((*keys)->find(key.kid)->fingerprint, key.fingerprint);  // so a cached token survives a reload
  }
  const AccessTokenVerifier verifier(Forge::options(), *keys);
  EXPECT_TRUE(verifier.verify(f.good(), at(kNow)).has_value());
  EXPECT_TRUE(verifier.verify(f.good_es(), at(kNow)).has_value());
}

TEST(ParseJwks, TakesAnRsaKeyThatVerifiesOutsideTokens) {
  const RsaKey rsa;
  const auto keys = parse_jwks(set_of(rsa_key(rsa)));
  ASSERT_TRUE(keys.has_value()) << keys.error().detail;
  const AccessTokenVerifier verifier(Forge::options(IssuerKind::Outside), *keys);
  const std::string part = encode(R"({"typ":"JWT","alg":"RS256","kid":"rsa"})") + "." + encode(Forge::kClaims);
  EXPECT_TRUE(verifier.verify(part + "." + encode(rsa.sign(part)), at(kNow)).has_value());
  const std::string other = encode(R"({"typ":"JWT","alg":"PS256","kid":"rsa"})") + "." + encode(Forge::kClaims);
  EXPECT_EQ(verifier.verify(other + "." + encode(rsa.sign(other)), at(kNow)).error(), TokenError::WrongAlgorithm);
  std::string cut = rsa.sign(part);
  cut.pop_back();
  EXPECT_EQ(verifier.verify(part + "." + encode(cut), at(kNow)).error(), TokenError::BadSignature);
}

struct Row {
  const char* name;
  std::string text;
};

TEST(ParseJwks, PassesOverKeysThatAreNotForUs) {
  const RsaKey rsa, weak(1024);
  const std::vector<Row> rows{
      {"unknown kind", R"({"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA","kid":"x"})"},
      {"another curve", R"({"kty":"EC","crv":"P-384","x":"AAAA","y":"AAAA","kid":"x"})"},
      {"X25519", R"({"kty":"OKP","crv":"X25519","x":"AAAA","kid":"x"})"},
      {"Ed448", R"({"kty":"OKP","crv":"Ed448","x":"AAAA","kid":"x"})"},
      {"for encryption", ed_key("x", R"(,"use":"enc")")},
      {"use a number", ed_key("x", R"(,"use":1)")},
      {"to sign only", ed_key("x", R"(,"key_ops":["sign"])")},
      {"key_ops a string", ed_key("x", R"(,"key_ops":"verify")")},
      {"alg of another kind", ed_key("x", R"(,"alg":"ES256")")},
      {"alg a number", ed_key("x", R"(,"alg":1)")},
      {"RSA for PSS", rsa_key(rsa, R"(,"alg":"PS256")")},
      {"RSA for encryption", rsa_key(rsa, R"(,"alg":"RSA-OAEP")")},
      {"RSA with SHA-1", rsa_key(rsa, R"(,"alg":"RS1")")},
      {"RSA of 1024 bits", rsa_key(weak)},
      {"without a kid", R"({"kty":"OKP","crv":"Ed25519","x":")" + kX + "\"}"},
  };
  for (const Row& row : rows) {
    const auto keys = parse_jwks(set_of(row.text + "," + ed_key("good")));
    ASSERT_TRUE(keys.has_value()) << row.name << ": " << keys.error().detail;
    EXPECT_EQ((*keys)->size(), 1U) << row.name;
    EXPECT_NE((*keys)->find("good"), nullptr) << row.name;
  }
}

TEST(ParseJwks, TakesWhatSaysItIsForUs) {
  for (const char* more : {"", R"(,"use":"sig")", R"(,"alg":"EdDSA")", R"(,"key_ops":["verify"])",
                           R"(,"x5c":["MIIB"],"x5t":"AAAA","unknown":{"a":[1]})"}) {
    const auto keys = parse_jwks(set_of(ed_key("k", more)));
    ASSERT_TRUE(keys.has_value()) << more;
    EXPECT_EQ((*keys)->size(), 1U) << more;
  }
  EXPECT_TRUE(parse_jwks(R"({"keys":[]})").value()->empty());
}

TEST(ParseJwks, RefusesASetThatIsWrong) {
  const RsaKey rsa;
  const std::string x31 = encode(std::string(31, 'x')), x32 = encode(std::string(32, 'x'));
  std::vector<Row> rows{
      {"empty", ""},
      {"an HTML page", "<!doctype html>"},
      {"an array", "[]"},
      {"no keys", "{}"},
      {"keys an object", R"({"keys":{}})"},
      {"keys twice", R"({"keys":[],"keys":[]})"},
      {"a key that is text", set_of("\"k\"")},
      {"a key without kty", set_of(R"({"crv":"Ed25519"})")},
      {"kty a number", set_of(R"({"kty":1})")},
      {"a name twice in a key", set_of(ed_key("k", R"(,"kid":"l")"))},
      {"one kid twice", set_of(ed_key("k") + "," + ed_key("k"))},
      {"kid a number", set_of(R"({"kty":"OKP","crv":"Ed25519","kid":1,"x":")" + kX + "\"}")},
      {"kid empty", set_of(ed_key(""))},
      {"kid too long", set_of(ed_key(std::string(256, 'k')))},
      {"private Ed25519", set_of(ed_key("k", R"(,"d":"AAAA")"))},
      {"private RSA", set_of(rsa_key(rsa, R"(,"d":"AAAA","p":"AAAA","q":"AAAA")"))},
      {"a prime of RSA", set_of(rsa_key(rsa, R"(,"p":"AAAA")"))},
      {"a symmetric key", set_of(R"({"kty":"oct","k":"c2VjcmV0","kid":"s"})")},
      {"a private key that is not for us", set_of(R"({"kty":"EC","crv":"P-521","d":"AA","kid":"s"})")},
      {"x missing", set_of(R"({"kty":"OKP","crv":"Ed25519","kid":"k"})")},
      {"x too short", set_of(R"({"kty":"OKP","crv":"Ed25519","kid":"k","x":")" + x31 + "\"}")},
      {"x padded", set_of(R"({"kty":"OKP","crv":"Ed25519","kid":"k","x":")" + kX + "=\"}")},
      {"y missing", set_of(R"({"kty":"EC","crv":"P-256","kid":"k","x":")" + x32 + "\"}")},
      {"a point off the curve",
       set_of(R"({"kty":"EC","crv":"P-256","kid":"k","x":")" + x32 + R"(","y":")" + x32 + "\"}")},
      {"RSA without e", set_of(R"({"kty":"RSA","kid":"k","n":")" + encode(rsa.n()) + "\"}")},
      {"RSA with e of one", set_of(R"({"kty":"RSA","kid":"k","e":"AQ","n":")" + encode(rsa.n()) + "\"}")},
      {"RSA beyond 8192 bits",
       set_of(R"({"kty":"RSA","kid":"k","e":"AQAB","n":")" + encode(std::string(1025, '\x81')) + "\"}")},
      {"trailing bytes", set_of("") + "x"},
      {"invalid UTF-8", set_of("{\"kty\":\"\xff\"}")},
      {"too long", set_of(std::string(kJwksBytesMax, ' '))},
      {"too many values", set_of(R"({"kty":"x","v":[0)" +
                                 [] {
                                   std::string zeros;
                                   for (int i = 0; i < 5000; ++i) zeros += ",0";
                                   return zeros;
                                 }() +
                                 "]}")},
  };
  std::string many = ed_key("k0");
  for (std::size_t i = 1; i <= kKeysMax; ++i) many += R"(,{"kty":"x"})";
  rows.push_back({"too many keys", set_of(many)});
  for (const Row& row : rows) {
    const auto keys = parse_jwks(row.text);
    ASSERT_FALSE(keys.has_value()) << row.name;
    EXPECT_EQ(keys.error().code, ErrorCode::BadGateway) << row.name;
    EXPECT_THAT(keys.error().detail, ::testing::StartsWith("JWK set: ")) << row.name;
  }
}

TEST(ParseJwks, ReadsSixtyFourKeys) {
  std::string many = ed_key("k0");
  for (std::size_t i = 1; i < kKeysMax; ++i) many += "," + ed_key("k" + std::to_string(i));
  const auto keys = parse_jwks(set_of(many));
  ASSERT_TRUE(keys.has_value()) << keys.error().detail;
  EXPECT_EQ((*keys)->size(), kKeysMax);
}

}  // namespace
}  // namespace sallyport::tokens::testing
