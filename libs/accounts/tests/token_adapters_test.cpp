#include "sallyport/accounts/token_adapters.hpp"

#include <gtest/gtest.h>

#include "sallyport/crypto/random.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/tokens/access_token_issuer.hpp"
#include "sallyport/tokens/access_token_verifier.hpp"

namespace sallyport::accounts {
namespace {

crypto::HmacKey key(const char* kid, char byte) {
  return {kid, Secret<std::string>(std::string(32, byte))};
}

TEST(RingRefreshTokenMint, ReadsAndMakesAgainWhatItMinted) {
  crypto::SecureRandom random;
  const crypto::HmacKeyRing ring({key("a", 'a'), key("b", 'b')});
  const RingRefreshTokenMint mint(ring, random);
  const auto minted = mint.mint();
  EXPECT_EQ(minted.stored.key_id, "a");
  const auto read = mint.read(minted.token.expose());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->hash, minted.stored.hash);
  EXPECT_EQ(read->key_id, "a");
  EXPECT_TRUE(read->key_loaded);
  const auto derived = mint.derive(minted.stored);
  ASSERT_TRUE(derived.has_value());
  EXPECT_EQ(derived->expose(), minted.token.expose());
  EXPECT_NE(mint.mint().token.expose(), minted.token.expose());
}

TEST(RingRefreshTokenMint, KnowsNothingOfAKeyThatWasDropped) {
  crypto::SecureRandom random;
  const crypto::HmacKeyRing before({key("a", 'a')});
  const crypto::HmacKeyRing after({key("b", 'b')});
  const auto minted = RingRefreshTokenMint(before, random).mint();
  const RingRefreshTokenMint mint(after, random);
  ASSERT_TRUE(mint.read(minted.token.expose()).has_value());
  EXPECT_FALSE(mint.read(minted.token.expose())->key_loaded);
  EXPECT_FALSE(mint.derive(minted.stored).has_value());
  EXPECT_FALSE(mint.read("rt1.a.").has_value());
}

TEST(JwtAccessTokenSigner, SaysWhoTheBearerIs) {
  crypto::SecureRandom random;
  const sallyport::testing::FakeClock clock;
  const crypto::TokenKeyRing ring({{"k", crypto::SigningKey::generate(crypto::SignatureAlgorithm::EdDSA)}});
  const tokens::AccessTokenIssuer issuer(ring, {"https://i", "aud", std::chrono::seconds(60)});
  const JwtAccessTokenSigner signer(issuer, clock, random);
  EXPECT_EQ(signer.lifetime(), std::chrono::seconds(60));
  const auto user = UserId::make(clock.wall_now(), random);
  const auto session = SessionId::make(clock.wall_now(), random);
  const auto token = signer.sign({user, session, Role::Admin});
  const tokens::AccessTokenVerifier verifier({"https://i", "aud"}, tokens::KeySet::of(ring));
  const auto verified = verifier.verify(token.expose(), clock.wall_now());
  ASSERT_TRUE(verified.has_value());
  EXPECT_EQ(verified->claims.subject, user.to_string());
  EXPECT_EQ(verified->claims.session, session.to_string());
  EXPECT_EQ(verified->claims.role, "admin");
  const auto other = verifier.verify(signer.sign({user, session, Role::Admin}).expose(), clock.wall_now());
  ASSERT_TRUE(other.has_value());
  EXPECT_NE(other->claims.id, verified->claims.id);
}

}  // namespace
}  // namespace sallyport::accounts
