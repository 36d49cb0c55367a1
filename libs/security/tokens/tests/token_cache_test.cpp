#include "sallyport/tokens/token_cache.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "forge.hpp"
#include "sallyport/tokens/cached_verifier.hpp"

namespace sallyport::tokens::testing {
namespace {

TokenCache::Entry entry_of(std::string subject) {
  VerifiedToken token;
  token.claims.subject = std::move(subject);
  return std::make_shared<const VerifiedToken>(std::move(token));
}

TEST(TokenDigest, IsTheSameForTheSameTokenAndDiffersOtherwise) {
  EXPECT_EQ(digest_of("token"), digest_of(std::string("to") + "ken"));
  EXPECT_NE(digest_of("token"), digest_of("tokeN"));
  EXPECT_NE(digest_of("token"), digest_of("token "));
}

TEST(TokenCache, FindsWhatWasPutInAndNothingElse) {
  TokenCache cache(4);
  cache.insert(digest_of("a"), entry_of("a"));
  ASSERT_NE(cache.lookup(digest_of("a")), nullptr);
  EXPECT_EQ(cache.lookup(digest_of("a"))->claims.subject, "a");
  EXPECT_EQ(cache.lookup(digest_of("b")), nullptr);
}

TEST(TokenCache, DropsTheLeastRecentlyUsedOnePastItsSize) {
  TokenCache cache(2);
  cache.insert(digest_of("a"), entry_of("a"));
  cache.insert(digest_of("b"), entry_of("b"));
  EXPECT_NE(cache.lookup(digest_of("a")), nullptr);  // now b is the oldest
  cache.insert(digest_of("c"), entry_of("c"));
  EXPECT_EQ(cache.size(), 2U);
  EXPECT_EQ(cache.lookup(digest_of("b")), nullptr);
  EXPECT_NE(cache.lookup(digest_of("a")), nullptr);
  EXPECT_NE(cache.lookup(digest_of("c")), nullptr);
}

TEST(TokenCache, InsertingTwiceReplacesAndRefreshes) {
  TokenCache cache(2);
  cache.insert(digest_of("a"), entry_of("old"));
  cache.insert(digest_of("b"), entry_of("b"));
  cache.insert(digest_of("a"), entry_of("new"));
  EXPECT_EQ(cache.size(), 2U);
  cache.insert(digest_of("c"), entry_of("c"));
  EXPECT_EQ(cache.lookup(digest_of("a"))->claims.subject, "new");
  EXPECT_EQ(cache.lookup(digest_of("b")), nullptr);
}

TEST(TokenCache, ErasesOneAndKeepsTheOthers) {
  TokenCache cache(2);
  cache.insert(digest_of("a"), entry_of("a"));
  cache.insert(digest_of("b"), entry_of("b"));
  cache.erase(digest_of("a"));
  cache.erase(digest_of("a"));
  EXPECT_EQ(cache.lookup(digest_of("a")), nullptr);
  EXPECT_NE(cache.lookup(digest_of("b")), nullptr);
  EXPECT_EQ(cache.size(), 1U);
}

TEST(TokenCache, StaysBoundedUnderAFlood) {
  TokenCache cache(100);
  for (int i = 0; i < 10'000; ++i) cache.insert(digest_of(std::to_string(i)), entry_of("x"));
  EXPECT_EQ(cache.size(), 100U);
  EXPECT_NE(cache.lookup(digest_of("9900")), nullptr);
  EXPECT_EQ(cache.lookup(digest_of("9899")), nullptr);
}

TEST(CachedVerifier, RemembersATokenAndGivesTheSameEntry) {
  const Forge f;
  CachedVerifier verifier(f.verifier(), 4);
  const std::string token = f.good();
  const auto first = verifier.verify(token, at(kNow));
  ASSERT_TRUE(first.has_value());
  const auto second = verifier.verify(token, at(kNow));
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(first->get(), second->get());  // so the signature was not checked again
  EXPECT_EQ(verifier.cache().size(), 1U);
}

TEST(CachedVerifier, AsksForTheTimeEveryTime) {
  const Forge f;
  CachedVerifier verifier(f.verifier(), 4);
  ASSERT_TRUE(verifier.verify(f.good(), at(kNow)).has_value());
  EXPECT_EQ(verifier.verify(f.good(), at(kNow + 931)).error(), TokenError::Expired);
  EXPECT_EQ(verifier.cache().size(), 0U);
}

TEST(CachedVerifier, AsksForTheKeyEveryTime) {
  const Forge f;
  CachedVerifier verifier(f.verifier(), 4);
  const std::string token = f.good();
  const auto held = verifier.verify(token, at(kNow));
  ASSERT_TRUE(held.has_value());
  verifier.verifier().use(KeySet::of(crypto::TokenKeyRing({{"es", f.es}})));
  EXPECT_EQ(verifier.verify(token, at(kNow)).error(), TokenError::UnknownKey);
  verifier.verifier().use(KeySet::of(crypto::TokenKeyRing({{"ed", f.stranger}})));
  EXPECT_EQ(verifier.verify(token, at(kNow)).error(), TokenError::BadSignature);
  EXPECT_EQ((*held)->claims.subject, "u1");  // still whole for the request that holds it
}

TEST(CachedVerifier, NeverKeepsARefusedToken) {
  const Forge f;
  CachedVerifier verifier(f.verifier(), 4);
  const std::string stranger = forge(Forge::kHeader, Forge::kClaims, f.stranger);
  EXPECT_EQ(verifier.verify(stranger, at(kNow)).error(), TokenError::BadSignature);
  EXPECT_EQ(verifier.verify(f.good(), at(kNow + 5000)).error(), TokenError::Expired);
  EXPECT_EQ(verifier.verify("x", at(kNow)).error(), TokenError::Malformed);
  EXPECT_EQ(verifier.verify(std::string(9000, 'x'), at(kNow)).error(), TokenError::TooLarge);
  EXPECT_EQ(verifier.cache().size(), 0U);
}

TEST(CachedVerifier, DoesNotTakeAChangedTokenForTheRememberedOne) {
  const Forge f;
  CachedVerifier verifier(f.verifier(), 4);
  const std::string token = f.good();
  ASSERT_TRUE(verifier.verify(token, at(kNow)).has_value());
  const std::string admin = f.with_claim("\"user\"", "\"admin\"");
  EXPECT_EQ(verifier.verify(Forge::with_signature(admin, token.substr(token.rfind('.') + 1)), at(kNow)).error(),
            TokenError::BadSignature);
}

TEST(CachedVerifier, WithoutKeysIsNotReady) {
  const Forge f;
  CachedVerifier verifier(AccessTokenVerifier(Forge::options(), nullptr), 4);
  EXPECT_EQ(verifier.verify(f.good(), at(kNow)).error(), TokenError::NoKeys);
}

}  // namespace
}  // namespace sallyport::tokens::testing
