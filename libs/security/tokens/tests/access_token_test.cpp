#include <gtest/gtest.h>

#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "forge.hpp"
#include "sallyport/tokens/access_token_issuer.hpp"
#include "sallyport/tokens/access_token_verifier.hpp"

namespace sallyport::tokens::testing {
namespace {

using crypto::SignatureAlgorithm;
using crypto::SigningKey;
using crypto::TokenKey;
using crypto::TokenKeyRing;
using std::chrono::seconds;

const AccessTokenIssuer::Options kOptions{.issuer = "https://id.example", .audience = "shop", .ttl = seconds(900)};
const AccessTokenIssuer::Grant kGrant{.subject = "u1", .session = "s1", .id = "j1", .role = "admin"};

std::string segment(std::string_view token, int index) {
  for (; index > 0; --index) token.remove_prefix(token.find('.') + 1);
  return decode(token.substr(0, token.find('.')));
}

TEST(AccessTokenIssuer, WritesExactlyTheAgreedHeaderAndClaims) {
  const AccessTokenIssuer issuer(Forge().ring(), kOptions);
  const auto issued = issuer.issue(kGrant, at(kNow) + std::chrono::milliseconds(999));
  EXPECT_EQ(segment(issued.token.expose(), 0), R"({"typ":"at+jwt","alg":"EdDSA","kid":"ed"})");
  EXPECT_EQ(segment(issued.token.expose(), 1),
            R"({"iss":"https://id.example","aud":"shop","sub":"u1","sid":"s1","jti":"j1","role":"admin",)"
            R"("iat":1767225600,"exp":1767226500})");
  EXPECT_EQ(issued.expires_at - issued.issued_at, seconds(900));
}

TEST(AccessTokenIssuer, EscapesWhatConfigurationMayHold) {
  const Forge f;
  auto options = kOptions;
  options.issuer = R"(id "x" \ é)";
  const AccessTokenIssuer issuer(f.ring(), options);
  const AccessTokenVerifier verifier({.issuer = options.issuer, .audience = "shop"}, KeySet::of(f.ring()));
  const auto verified = verifier.verify(issuer.issue(kGrant, at(kNow)).token.expose(), at(kNow));
  ASSERT_TRUE(verified.has_value()) << to_string(verified.error());
  EXPECT_EQ(verified->claims.issuer, options.issuer);
}

TEST(AccessTokenIssuer, RefusesSettingsOutOfBounds) {
  const auto refused = [](const AccessTokenIssuer::Options& options) {
    EXPECT_THROW(AccessTokenIssuer(Forge().ring(), options), std::invalid_argument);
  };
  refused({.issuer = "", .audience = "shop"});
  refused({.issuer = "i", .audience = ""});
  refused({.issuer = "i\n", .audience = "shop"});
  refused({.issuer = std::string(256, 'i'), .audience = "shop"});
  refused({.issuer = "i", .audience = "shop", .ttl = seconds(0)});
  refused({.issuer = "i", .audience = "shop", .ttl = seconds(86'401)});
}

TEST(AccessTokenIssuerDeathTest, AGrantThatCouldNotBeVerifiedIsABug) {
  const AccessTokenIssuer issuer(Forge().ring(), kOptions);
  EXPECT_DEATH(issuer.issue({.subject = "", .session = "s", .id = "j", .role = "user"}, at(kNow)), "plain");
  EXPECT_DEATH(issuer.issue({.subject = "u\n", .session = "s", .id = "j", .role = "user"}, at(kNow)), "plain");
}

class AccessTokenOf : public ::testing::TestWithParam<SignatureAlgorithm> {};

TEST_P(AccessTokenOf, EachAlgorithmComesBackWithAllItsClaims) {
  const TokenKeyRing ring({{"k1", SigningKey::generate(GetParam())}});
  const AccessTokenIssuer issuer(ring, kOptions);
  const AccessTokenVerifier verifier(Forge::options(), KeySet::of(ring));
  const auto issued = issuer.issue(kGrant, at(kNow));
  const auto verified = verifier.verify(issued.token.expose(), at(kNow));
  ASSERT_TRUE(verified.has_value()) << to_string(verified.error());
  EXPECT_EQ(verified->kid, "k1");
  EXPECT_EQ(verified->claims.subject, "u1");
  EXPECT_EQ(verified->claims.session, "s1");
  EXPECT_EQ(verified->claims.id, "j1");
  EXPECT_EQ(verified->claims.role, "admin");
  EXPECT_EQ(verified->claims.issued_at, issued.issued_at);
  EXPECT_EQ(verified->claims.expires_at, issued.expires_at);
  EXPECT_FALSE(verified->claims.not_before.has_value());
}
INSTANTIATE_TEST_SUITE_P(Algorithms, AccessTokenOf,
                         ::testing::Values(SignatureAlgorithm::EdDSA, SignatureAlgorithm::ES256),
                         [](const auto& info) { return std::string(crypto::name_of(info.param)); });

TEST(AccessTokenVerifier, WithoutKeysSaysThatItIsNotTheTokensFault) {
  const Forge f;
  AccessTokenVerifier verifier(Forge::options(), nullptr);
  EXPECT_FALSE(verifier.ready());
  EXPECT_EQ(verifier.verify(f.good(), at(kNow)).error(), TokenError::NoKeys);
  EXPECT_EQ(verifier.verify("rubbish", at(kNow)).error(), TokenError::NoKeys);
  verifier.use(KeySet::of(f.ring()));
  EXPECT_TRUE(verifier.verify(f.good(), at(kNow)).has_value());
}

TEST(AccessTokenVerifier, RefusesToBeMadeWithoutIssuerOrAudience) {
  EXPECT_THROW(AccessTokenVerifier({.issuer = "", .audience = "shop"}, nullptr), std::invalid_argument);
  EXPECT_THROW(AccessTokenVerifier({.issuer = "i", .audience = ""}, nullptr), std::invalid_argument);
}

TEST(AccessTokenVerifier, EndsATokensLifeAtExpPlusLeeway) {
  const Forge f;
  const AccessTokenVerifier verifier = f.verifier();
  const WallTime expiry = at(1'767'226'500);
  EXPECT_TRUE(verifier.verify(f.good(), expiry + seconds(30) - std::chrono::nanoseconds(1)).has_value());
  EXPECT_EQ(verifier.verify(f.good(), expiry + seconds(30)).error(), TokenError::Expired);
}

TEST(AccessTokenVerifier, FollowsARotationWithoutRefusingAnyToken) {
  const TokenKey old_key{"old", SigningKey::generate(SignatureAlgorithm::EdDSA)};
  const TokenKey new_key{"new", SigningKey::generate(SignatureAlgorithm::ES256)};
  const AccessTokenIssuer before(TokenKeyRing({old_key}), kOptions);
  const AccessTokenIssuer added(TokenKeyRing({old_key, new_key}), kOptions);
  const AccessTokenIssuer moved(TokenKeyRing({new_key, old_key}), kOptions);
  const AccessTokenIssuer dropped(TokenKeyRing({new_key}), kOptions);
  const auto first = before.issue(kGrant, at(kNow)), second = added.issue(kGrant, at(kNow)),
             third = moved.issue(kGrant, at(kNow));
  EXPECT_EQ(segment(second.token.expose(), 0), R"({"typ":"at+jwt","alg":"EdDSA","kid":"old"})");
  EXPECT_EQ(segment(third.token.expose(), 0), R"({"typ":"at+jwt","alg":"ES256","kid":"new"})");

  AccessTokenVerifier verifier(Forge::options(), KeySet::of(added.ring()));
  const auto snapshot_of_others = KeySet::of(before.ring());
  AccessTokenVerifier late(Forge::options(), snapshot_of_others);
  for (const auto* issued : {&first, &second, &third}) {
    EXPECT_TRUE(verifier.verify(issued->token.expose(), at(kNow)).has_value());
  }
  EXPECT_EQ(late.verify(third.token.expose(), at(kNow)).error(), TokenError::UnknownKey);  // why step two waits

  verifier.use(KeySet::of(dropped.ring()));
  EXPECT_EQ(verifier.verify(first.token.expose(), at(kNow)).error(), TokenError::UnknownKey);
  EXPECT_TRUE(verifier.verify(third.token.expose(), at(kNow)).has_value());
  EXPECT_EQ(snapshot_of_others->size(), 1U);  // a snapshot that somebody holds does not change
}

TEST(AccessTokenVerifier, NoticesAnotherKeyUnderTheSameKid) {
  const Forge f;
  AccessTokenVerifier verifier = f.verifier();
  const auto verified = verifier.check_once(f.good()).value();
  EXPECT_TRUE(verifier.check_every_time(verified, at(kNow)).has_value());
  verifier.use(KeySet::of(TokenKeyRing({{"ed", f.ed}})));  // the same key in another set
  EXPECT_TRUE(verifier.check_every_time(verified, at(kNow)).has_value());
  verifier.use(KeySet::of(TokenKeyRing({{"ed", f.stranger}})));
  EXPECT_EQ(verifier.check_every_time(verified, at(kNow)).error(), TokenError::UnknownKey);
}

TEST(AccessTokenVerifier, ReadsTheSameOutOfBothSpellingsOfAnEcdsaSignature) {
  // (r, s) and (r, order - s) are equally right (RFC 7518 asks for neither), so a token has a twin. It says the same
  // and names the same session, which is why sessions are denied and not tokens.
  const Forge f;
  const std::string order =
      crypto::hex_decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").value();
  const std::string token = f.good_es();
  std::string signature = decode(std::string_view(token).substr(token.rfind('.') + 1));
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int difference =
        static_cast<unsigned char>(order[i]) - static_cast<unsigned char>(signature[32 + i]) - borrow;
    borrow = difference < 0 ? 1 : 0;
    signature[32 + i] = static_cast<char>(difference & 0xff);
  }
  const std::string twin = Forge::with_signature(token, encode(signature));
  ASSERT_NE(twin, token);
  const auto one = f.verifier().verify(token, at(kNow)), other = f.verifier().verify(twin, at(kNow));
  ASSERT_TRUE(one.has_value() && other.has_value());
  EXPECT_EQ(one->claims.session, other->claims.session);
  EXPECT_EQ(one->claims.id, other->claims.id);
}

TEST(AccessTokenVerifier, OfOutsideIssuersTakesWhatTheySend) {
  const Forge f;
  const AccessTokenVerifier verifier = f.verifier(IssuerKind::Outside);
  const std::string_view claims =
      R"({"iss":"https://id.example","aud":["shop","other"],"sub":"auth0|5f","exp":1767226500,"role":{"name":"root"}})";
  for (const char* typ : {"JWT", "jwt", "at+jwt", "application/at+jwt"}) {
    const auto token = forge(std::string(R"({"typ":")") + typ + R"(","alg":"EdDSA","kid":"ed","any":1})", claims, f.ed);
    const auto verified = verifier.verify(token, at(kNow));
    ASSERT_TRUE(verified.has_value()) << typ << ": " << to_string(verified.error());
    EXPECT_EQ(verified->claims.subject, "auth0|5f");
    EXPECT_EQ(verified->claims.role, "");
    EXPECT_EQ(verified->claims.session, "");
  }
  EXPECT_EQ(verifier.verify(forge(R"({"alg":"EdDSA","kid":"ed"})", claims, f.ed), at(kNow)).error(),
            TokenError::WrongType);
}

TEST(AccessTokenVerifier, OfOutsideIssuersStillRequiresAnExpiryAndASubject) {
  const Forge f;
  const AccessTokenVerifier verifier = f.verifier(IssuerKind::Outside);
  EXPECT_EQ(verifier.verify(f.with_claim(",\"exp\":1767226500", ""), at(kNow)).error(), TokenError::BadClaims);
  EXPECT_EQ(verifier.verify(f.with_claim("\"sub\":\"u1\",", ""), at(kNow)).error(), TokenError::BadClaims);
  EXPECT_EQ(verifier.verify(f.with_claim("\"jti\":\"j1\"", "\"jti\":7"), at(kNow)).error(), TokenError::BadClaims);
}

TEST(UnverifiedIssuer, IsWhatTheTokenSaysOrNothing) {
  const Forge f;
  EXPECT_EQ(unverified_issuer(f.good()), "https://id.example");
  EXPECT_EQ(unverified_issuer(forge("{}", R"({"iss":"https://evil.example"})", f.stranger)), "https://evil.example");
  EXPECT_EQ(unverified_issuer(f.with_claims("{}")), std::nullopt);
  EXPECT_EQ(unverified_issuer(f.with_claims(R"({"iss":"a","iss":"b"})")), std::nullopt);
  EXPECT_EQ(unverified_issuer(f.with_claims(R"({"iss":1})")), std::nullopt);
  EXPECT_EQ(unverified_issuer("a.b"), std::nullopt);
  EXPECT_EQ(unverified_issuer(std::string(kAccessTokenBytesMax + 1, 'A')), std::nullopt);
}

TEST(KeySet, RefusesWhatWouldMakeTheChoiceAmbiguous) {
  const crypto::PublicKey key = Forge().ed.public_key();
  EXPECT_TRUE(KeySet::make({{"a", key}, {"b", key}}).has_value());
  EXPECT_FALSE(KeySet::make({{"a", key}, {"a", key}}).has_value());
  EXPECT_FALSE(KeySet::make({{"", key}}).has_value());
  EXPECT_FALSE(KeySet::make({{std::string(256, 'k'), key}}).has_value());
  std::vector<VerificationKey> many;
  for (std::size_t i = 0; i <= kKeysMax; ++i) many.push_back({std::to_string(i), key});
  EXPECT_FALSE(KeySet::make(many).has_value());
  many.pop_back();
  EXPECT_TRUE(KeySet::make(many).has_value());
}

TEST(KeyFingerprint, DependsOnAlgorithmAndOnWherePiecesEnd) {
  using enum SignatureAlgorithm;
  EXPECT_EQ(fingerprint_of(EdDSA, {"ab", "c"}), fingerprint_of(EdDSA, {"ab", "c"}));
  EXPECT_NE(fingerprint_of(EdDSA, {"ab", "c"}), fingerprint_of(EdDSA, {"a", "bc"}));
  EXPECT_NE(fingerprint_of(EdDSA, {"ab", "c"}), fingerprint_of(ES256, {"ab", "c"}));
}

TEST(TokenErrorName, IsDistinctForEach) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(TokenError::NotYetValid); ++i)
    names.insert(to_string(static_cast<TokenError>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(TokenError::NotYetValid) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace sallyport::tokens::testing
