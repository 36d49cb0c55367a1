// The examples that the RFCs print, read the way an outside issuer's keys and signatures are.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "forge.hpp"
#include "sallyport/tokens/jwks.hpp"

namespace sallyport::tokens::testing {
namespace {

struct Example {
  const char* name;
  std::string key_set;
  std::string token;
};

// RFC 7515 appendix A.3
const Example kEs256{
    "Rfc7515Es256",
    R"({"keys":[{"kty":"EC","crv":"P-256","kid":"a3","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
    R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})",
    "eyJhbGciOiJFUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"};

// RFC 8037 appendix A.4
const Example kEd25519{
    "Rfc8037Ed25519",
    R"({"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a4","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})",
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"};

// RFC 7520 sections 3.3 and 4.1
const Example kRs256{
    "Rfc7520Rs256",
    R"({"keys":[{"kty":"RSA","kid":"bilbo.baggins@hobbiton.example","use":"sig","e":"AQAB","n":")"
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwG"
    "U_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3u"
    "hGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5iaiQkqgc5gHd"
    R"(rNP5zw"}]})",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9."
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5k"
    "IGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4."
    "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA"
    "78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQ"
    "dLuW3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_fcIe8u9ipH84ogoree7vjbU5y18"
    "kDquDg"};

class JoseExample : public ::testing::TestWithParam<const Example*> {};

TEST_P(JoseExample, IsVerifiedByItsKeyAndNoOtherText) {
  const auto keys = parse_jwks(GetParam()->key_set);
  ASSERT_TRUE(keys.has_value()) << keys.error().detail;
  ASSERT_EQ((*keys)->size(), 1U);
  const crypto::PublicKey& key = (*keys)->keys()[0].key;
  const std::string& token = GetParam()->token;
  const std::size_t dot = token.rfind('.');
  std::string text = token.substr(0, dot);
  const std::string signature = decode(std::string_view(token).substr(dot + 1));
  EXPECT_TRUE(key.verify(crypto::bytes_of(text), crypto::bytes_of(signature)));
  text.back() = text.back() == 'A' ? 'B' : 'A';
  EXPECT_FALSE(key.verify(crypto::bytes_of(text), crypto::bytes_of(signature)));
}

TEST_P(JoseExample, IsNoAccessTokenAllTheSame) {
  const AccessTokenVerifier verifier({.issuer = "joe", .audience = "us", .kind = IssuerKind::Outside},
                                     parse_jwks(GetParam()->key_set).value());
  EXPECT_EQ(verifier.verify(GetParam()->token, at(kNow)).error(), TokenError::WrongType);
}

INSTANTIATE_TEST_SUITE_P(Rfc, JoseExample, ::testing::Values(&kEs256, &kEd25519, &kRs256),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace sallyport::tokens::testing
