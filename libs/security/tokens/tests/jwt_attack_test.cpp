// Attacks on JSON Web Tokens by name (RFC 8725 section 2 and 3, and what libraries were caught with). Where a row says
// nothing else, the token is right in everything but its one lie, and signed by the right key.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>

#include "forge.hpp"
#include "sallyport/crypto/digest.hpp"

namespace sallyport::tokens::testing {
namespace {

struct Attack {
  const char* name;
  TokenError expected;
  std::string (*make)(const Forge&);
};
void PrintTo(const Attack& attack, std::ostream* out) {
  *out << attack.name;
}

class JwtAttack : public ::testing::TestWithParam<Attack> {
 protected:
  static const Forge& shared() {
    static const Forge instance;
    return instance;
  }
};

TEST_P(JwtAttack, IsRefusedForItsOwnReason) {
  const Forge& f = shared();
  const auto verdict = f.verifier().verify(GetParam().make(f), at(kNow));
  ASSERT_FALSE(verdict.has_value());
  EXPECT_EQ(to_string(verdict.error()), to_string(GetParam().expected));
}

std::string name_of_row(const ::testing::TestParamInfo<Attack>& info) {
  return info.param.name;
}

std::string hmac_token(std::string_view key) {
  const std::string part = encode(R"({"typ":"at+jwt","alg":"HS256","kid":"ed"})") + "." + encode(Forge::kClaims);
  return part + "." + encode(crypto::text_of(crypto::hmac_sha256(crypto::bytes_of(key), crypto::bytes_of(part))));
}

std::string repeat(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

const std::string kZero32(32, '\0');
// The order of P-256's group and of Ed25519's, big-endian and little-endian.
const std::string kOrderP256 =
    crypto::hex_decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").value();
const std::string kOrderEd25519 =
    crypto::hex_decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").value();

std::string raw_signature(const std::string& token) {
  return decode(std::string_view(token).substr(token.rfind('.') + 1));
}

std::string der_integer(std::string number) {
  number.erase(0, std::min(number.find_first_not_of('\0'), number.size() - 1));
  if ((static_cast<unsigned char>(number[0]) & 0x80U) != 0) number.insert(0, 1, '\0');
  return std::string("\x02") + static_cast<char>(number.size()) + number;
}

std::string add_ed25519_order(std::string signature) {
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned sum = static_cast<unsigned char>(signature[32 + i]) +
                         static_cast<unsigned>(static_cast<unsigned char>(kOrderEd25519[i])) + carry;
    signature[32 + i] = static_cast<char>(sum & 0xffU);
    carry = sum >> 8U;
  }
  return signature;
}

using enum TokenError;

const Attack kAlgorithm[] = {
    {"AlgNoneWithoutSignature", Malformed,
     [](const Forge&) {
       return encode(R"({"typ":"at+jwt","alg":"none","kid":"ed"})") + "." + encode(Forge::kClaims) + ".";
     }},
    {"AlgNone", WrongAlgorithm,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"none","kid":"ed"})"); }},
    {"AlgNoneCapitalised", WrongAlgorithm,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"None","kid":"ed"})"); }},
    {"AlgNoneMixedCase", WrongAlgorithm,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"nOnE","kid":"ed"})"); }},
    {"AlgEmpty", WrongAlgorithm,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"","kid":"ed"})"); }},
    {"AlgMissing", WrongAlgorithm, [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","kid":"ed"})"); }},
    {"AlgOfAnotherType", WrongAlgorithm,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":["EdDSA"],"kid":"ed"})"); }},
    {"AlgInLowerCase", WrongAlgorithm,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"eddsa","kid":"ed"})"); }},
    {"Hs256WithThePublicKeyAsSecret", WrongAlgorithm, [](const Forge& f) { return hmac_token(f.ed.public_key().x()); }},
    {"Hs256WithTheEncodedPublicKeyAsSecret", WrongAlgorithm,
     [](const Forge& f) { return hmac_token(encode(f.ed.public_key().x())); }},
    {"Hs256WithAnEmptySecret", WrongAlgorithm, [](const Forge&) { return hmac_token(""); }},
    {"EdKeySaidToBeEs256", WrongAlgorithm,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"ES256","kid":"ed"})"); }},
    {"EsKeySaidToBeEdDsa", WrongAlgorithm,
     [](const Forge& f) { return forge(R"({"typ":"at+jwt","alg":"EdDSA","kid":"es"})", Forge::kClaims, f.es); }},
    {"EsKeySaidToBeRs256", WrongAlgorithm,
     [](const Forge& f) { return forge(R"({"typ":"at+jwt","alg":"RS256","kid":"es"})", Forge::kClaims, f.es); }},
};
INSTANTIATE_TEST_SUITE_P(Algorithm, JwtAttack, ::testing::ValuesIn(kAlgorithm), name_of_row);

const Attack kKid[] = {
    {"KidOfAnotherLoadedKey", BadSignature,
     [](const Forge& f) { return forge(Forge::kEsHeader, Forge::kClaims, f.ed); }},
    {"SignedByAStranger", BadSignature,
     [](const Forge& f) { return forge(Forge::kHeader, Forge::kClaims, f.stranger); }},
    {"KidMissing", UnknownKey, [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA"})"); }},
    {"KidEmpty", UnknownKey,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA","kid":""})"); }},
    {"KidANumber", UnknownKey,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA","kid":0})"); }},
    {"KidAnArray", UnknownKey,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA","kid":["ed"]})"); }},
    {"KidPathTraversal", UnknownKey,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA","kid":"../../../../dev/null"})"); }},
    {"KidSqlInjection", UnknownKey,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA","kid":"x' UNION SELECT 'ed"})"); }},
    {"KidShellCommand", UnknownKey,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA","kid":"ed|id"})"); }},
    {"KidInOtherCase", UnknownKey,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA","kid":"ED"})"); }},
    {"KidWithASpace", UnknownKey,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA","kid":"ed "})"); }},
    {"KidCutByANul", UnknownKey,
     [](const Forge& f) { return f.with_header(R"({"typ":"at+jwt","alg":"EdDSA","kid":"ed\u0000"})"); }},
};
INSTANTIATE_TEST_SUITE_P(Kid, JwtAttack, ::testing::ValuesIn(kKid), name_of_row);

const Attack kHeader[] = {
    {"EmbeddedJwk", ForbiddenHeader,
     [](const Forge& f) {
       return forge(R"({"typ":"at+jwt","alg":"EdDSA","kid":"ed","jwk":{"kty":"OKP","crv":"Ed25519","x":")" +
                        encode(f.stranger.public_key().x()) + R"("}})",
                    Forge::kClaims, f.stranger);
     }},
    {"Jku", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("jku":"http://169.254.169.254/keys")"); }},
    {"JkuSpelledWithAnEscape", ForbiddenHeader,
     [](const Forge& f) { return f.with_parameter(R"("\u006aku":"https://evil.example/keys")"); }},
    {"X5u", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("x5u":"https://evil.example/c.pem")"); }},
    {"X5c", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("x5c":["MIIB"])"); }},
    {"X5t", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("x5t":"AAAA")"); }},
    {"X5tS256", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("x5t#S256":"AAAA")"); }},
    {"CritUnknown", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("crit":["exp"],"exp":1)"); }},
    {"CritEmpty", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("crit":[])"); }},
    {"B64False", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("b64":false)"); }},
    {"B64FalseWithCrit", ForbiddenHeader,
     [](const Forge& f) { return f.with_parameter(R"("crit":["b64"],"b64":false)"); }},
    {"Zip", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("zip":"DEF")"); }},
    {"EncryptedHeader", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("enc":"A128GCM")"); }},
    {"NestedTokenAnnounced", ForbiddenHeader, [](const Forge& f) { return f.with_parameter(R"("cty":"JWT")"); }},
    {"AlgTwice", Malformed, [](const Forge& f) { return f.with_parameter(R"("alg":"none")"); }},
    {"KidTwice", Malformed, [](const Forge& f) { return f.with_parameter(R"("kid":"ed")"); }},
    {"AlgTwiceSpelledWithAnEscape", Malformed, [](const Forge& f) { return f.with_parameter(R"("\u0061lg":"none")"); }},
    {"UnknownParameterTwice", Malformed, [](const Forge& f) { return f.with_parameter(R"("x":1,"x":1)"); }},
    {"NameTwiceBelow", Malformed, [](const Forge& f) { return f.with_parameter(R"("x":[{"a":1,"b":2,"a":3}])"); }},
    {"TypMissing", WrongType, [](const Forge& f) { return f.with_header(R"({"alg":"EdDSA","kid":"ed"})"); }},
    {"TypOfAnIdToken", WrongType,
     [](const Forge& f) { return f.with_header(R"({"typ":"JWT","alg":"EdDSA","kid":"ed"})"); }},
    {"TypOfALogoutToken", WrongType,
     [](const Forge& f) { return f.with_header(R"({"typ":"logout+jwt","alg":"EdDSA","kid":"ed"})"); }},
    {"TypInOtherCase", WrongType,
     [](const Forge& f) { return f.with_header(R"({"typ":"AT+JWT","alg":"EdDSA","kid":"ed"})"); }},
    {"TypAnArray", WrongType,
     [](const Forge& f) { return f.with_header(R"({"typ":["at+jwt"],"alg":"EdDSA","kid":"ed"})"); }},
    {"HeaderAnArray", Malformed, [](const Forge& f) { return f.with_header(R"(["EdDSA"])"); }},
    {"HeaderNull", Malformed, [](const Forge& f) { return f.with_header("null"); }},
    {"HeaderWithTrailingBytes", Malformed,
     [](const Forge& f) { return f.with_header(std::string(Forge::kHeader) + "{}"); }},
    {"HeaderWithANulBehind", Malformed,
     [](const Forge& f) { return f.with_header(std::string(Forge::kHeader) + std::string(1, '\0')); }},
    {"HeaderWithAByteOrderMark", Malformed,
     [](const Forge& f) { return f.with_header("\xef\xbb\xbf" + std::string(Forge::kHeader)); }},
    {"HeaderWithInvalidUtf8", Malformed, [](const Forge& f) { return f.with_parameter("\"x\":\"\xc0\xaf\""); }},
    {"HeaderWithALoneSurrogate", Malformed, [](const Forge& f) { return f.with_parameter(R"("x":"\ud800")"); }},
    {"HeaderWithAComment", Malformed, [](const Forge& f) { return f.with_parameter(R"("x":1/**/)"); }},
    {"HeaderNestedTooDeep", Malformed,
     [](const Forge& f) { return f.with_parameter("\"x\":" + repeat("[", 8) + repeat("]", 8)); }},
    {"HeaderNestedThousands", Malformed,
     [](const Forge& f) { return f.with_parameter("\"x\":" + repeat("[", 2000) + repeat("]", 2000)); }},
    {"HeaderWithTooManyValues", Malformed,
     [](const Forge& f) { return f.with_parameter("\"x\":[0" + repeat(",0", 600) + "]"); }},
};
INSTANTIATE_TEST_SUITE_P(Header, JwtAttack, ::testing::ValuesIn(kHeader), name_of_row);

const Attack kShape[] = {
    {"Empty", Malformed, [](const Forge&) { return std::string(); }},
    {"OnlyDots", Malformed, [](const Forge&) { return std::string(".."); }},
    {"OneSegment", Malformed, [](const Forge&) { return encode(Forge::kHeader); }},
    {"TwoSegments", Malformed, [](const Forge&) { return encode(Forge::kHeader) + "." + encode(Forge::kClaims); }},
    {"FourSegments", Malformed, [](const Forge& f) { return f.good() + ".AAAA"; }},
    {"DotBehind", Malformed, [](const Forge& f) { return f.good() + "."; }},
    {"FiveSegmentsOfAnEncryptedToken", Malformed, [](const Forge& f) { return f.good() + ".AAAA.AAAA"; }},
    {"PaddedSignature", Malformed, [](const Forge& f) { return f.good() + "=="; }},
    {"PaddedHeader", Malformed, [](const Forge& f) { return f.good().insert(f.good().find('.'), "="); }},
    {"LeadingSpace", Malformed, [](const Forge& f) { return " " + f.good(); }},
    {"TrailingNewline", Malformed, [](const Forge& f) { return f.good() + "\n"; }},
    {"SpaceInside", Malformed, [](const Forge& f) { return f.good().insert(20, " "); }},
    {"NulBehind", Malformed, [](const Forge& f) { return f.good() + std::string(1, '\0'); }},
    {"SchemeInFront", Malformed, [](const Forge& f) { return "Bearer " + f.good(); }},
    {"StandardAlphabet", Malformed, [](const Forge& f) { return Forge::with_signature(f.good(), repeat("+/", 43)); }},
    {"UnusedBitsOfTheSignatureSet", Malformed,
     [](const Forge& f) {
       std::string token = f.good();  // 64 bytes leave four unused bits, so the last character is one of A, Q, g, w
       ++token.back();
       return token;
     }},
    {"ImpossibleLength", Malformed, [](const Forge& f) { return Forge::with_signature(f.good(), "AAAAA"); }},
    {"JsonSerialisation", Malformed,
     [](const Forge&) {
       return R"({"payload":")" + encode(Forge::kClaims) + R"(","protected":")" + encode(Forge::kHeader) +
              R"(","signature":"AAAA"})";
     }},
    {"OneByteTooLong", TooLarge,
     [](const Forge& f) { return f.good() + std::string(kAccessTokenBytesMax + 1 - f.good().size(), 'A'); }},
    {"AMegabyte", TooLarge, [](const Forge&) { return std::string(1U << 20U, '.'); }},
};
INSTANTIATE_TEST_SUITE_P(Shape, JwtAttack, ::testing::ValuesIn(kShape), name_of_row);

const Attack kSignature[] = {
    {"OneBitFlipped", BadSignature,
     [](const Forge& f) {
       std::string signature = raw_signature(f.good());
       signature[10] = static_cast<char>(signature[10] ^ 1);
       return Forge::with_signature(f.good(), encode(signature));
     }},
    {"OneByteShort", BadSignature,
     [](const Forge& f) { return Forge::with_signature(f.good(), encode(raw_signature(f.good()).substr(0, 63))); }},
    {"OneByteLong", BadSignature,
     [](const Forge& f) { return Forge::with_signature(f.good(), encode(raw_signature(f.good()) + '\0')); }},
    {"EdAllZero", BadSignature,
     [](const Forge& f) { return Forge::with_signature(f.good(), encode(kZero32 + kZero32)); }},
    {"EdMalleableBySPlusOrder", BadSignature,
     [](const Forge& f) {
       return Forge::with_signature(f.good(), encode(add_ed25519_order(raw_signature(f.good()))));
     }},
    {"EsRAndSZero", BadSignature,  // CVE-2022-21449
     [](const Forge& f) { return Forge::with_signature(f.good_es(), encode(kZero32 + kZero32)); }},
    {"EsRZero", BadSignature,
     [](const Forge& f) {
       return Forge::with_signature(f.good_es(), encode(kZero32 + raw_signature(f.good_es()).substr(32)));
     }},
    {"EsSZero", BadSignature,
     [](const Forge& f) {
       return Forge::with_signature(f.good_es(), encode(raw_signature(f.good_es()).substr(0, 32) + kZero32));
     }},
    {"EsRAndSTheOrder", BadSignature,
     [](const Forge& f) { return Forge::with_signature(f.good_es(), encode(kOrderP256 + kOrderP256)); }},
    {"EsInDer", BadSignature,
     [](const Forge& f) {
       const std::string token = f.good_es(), raw = raw_signature(token);
       const std::string body = der_integer(raw.substr(0, 32)) + der_integer(raw.substr(32));
       return Forge::with_signature(token, encode(std::string("\x30") + static_cast<char>(body.size()) + body));
     }},
    {"SignatureOfAnotherToken", BadSignature,
     [](const Forge& f) {
       const std::string other = f.with_claim("u1", "u2");
       return Forge::with_signature(f.good(), std::string_view(other).substr(other.rfind('.') + 1));
     }},
    {"ClaimsChangedAfterwards", BadSignature,
     [](const Forge& f) {
       const std::string token = f.good(), admin = f.with_claim("\"user\"", "\"admin\"");
       return Forge::with_signature(admin, std::string_view(token).substr(token.rfind('.') + 1));
     }},
    {"ClaimsThatAreNoJsonAreNotEvenRead", BadSignature,
     [](const Forge&) { return encode(Forge::kHeader) + "." + encode("no JSON") + "." + encode(kZero32 + kZero32); }},
};
INSTANTIATE_TEST_SUITE_P(Signature, JwtAttack, ::testing::ValuesIn(kSignature), name_of_row);

}  // namespace
}  // namespace sallyport::tokens::testing
