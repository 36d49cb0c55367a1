#include "sallyport/service/bearer.hpp"

#include <string>

#include <gtest/gtest.h>

#include "sallyport/crypto/random.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/tokens/access_token_issuer.hpp"

namespace sallyport::service {
namespace {

using crypto::SignatureAlgorithm;
using crypto::SigningKey;

class BearerTest : public ::testing::Test {
 protected:
  static crypto::TokenKeyRing ring(const char* kid) {
    return crypto::TokenKeyRing({{kid, SigningKey::generate(SignatureAlgorithm::EdDSA)}});
  }

  static std::string token_of(const crypto::TokenKeyRing& ring, const Clock& clock, const char* session = "s-1",
                              const char* role = "user") {
    const tokens::AccessTokenIssuer issuer(ring, {"https://i", "aud", std::chrono::seconds(60)});
    return std::string(issuer.issue({"u-1", session, "t-1", role}, clock.wall_now()).token.expose());
  }
  std::string token(const char* session = "s-1", const char* role = "user") {
    return token_of(ring_, clock_, session, role);
  }
  /// The code of the refusal, or "".
  std::string authenticate(const std::vector<std::string>& values) {
    values_ = values;
    exchange_.reset();
    exchange_.request.fields.clear();
    for (const std::string& value : values_) exchange_.request.fields.push({"Authorization", value});
    loop_.restart();
    const auto refused =
        sallyport::testing::run_task_on(loop_, [&](runtime::Executor) { return bearer_.authenticate(exchange_); });
    EXPECT_EQ(exchange_.principal.has_value(), !refused.has_value());
    return refused ? std::string(refused->code) : "";
  }

  sallyport::testing::FakeClock clock_;
  asio::io_context loop_{1};
  log::Logger logger_{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  metrics::Registry registry_;
  metrics::CounterId unchecked_ = registry_.counter("unchecked_total", "x");
  denylist::MemoryDenylist memory_;
  denylist::Denylist list_{
      {memory_, nullptr, "sp:", loop_.get_executor(), clock_, logger_, registry_.make_shard(), {}}};
  crypto::TokenKeyRing ring_ = ring("k1");
  int unknown_ = 0;
  Bearer bearer_{tokens::AccessTokenVerifier({"https://i", "aud"}, tokens::KeySet::of(ring_)), list_, clock_,
                 [this] { ++unknown_; }};
  std::vector<std::string> values_;
  Exchange exchange_;
};

TEST_F(BearerTest, SaysWhoseTokenItIs) {
  EXPECT_EQ(authenticate({"Bearer " + token("s-1", "admin")}), "");
  EXPECT_EQ(exchange_.principal->issuer, "https://i");
  EXPECT_EQ(exchange_.principal->user, "u-1");
  EXPECT_EQ(exchange_.principal->session, "s-1");
  EXPECT_EQ(exchange_.principal->role, "admin");
  EXPECT_EQ(authenticate({"bearer   " + token()}), "");
}

TEST_F(BearerTest, AsksForATokenWhereThereIsNone) {
  for (const char* value : {"", "Bearer", "Basic YTpi", "Bearer-x y", "token"}) {
    EXPECT_EQ(authenticate({value}), "authentication_required") << value;
  }
  EXPECT_EQ(authenticate({}), "authentication_required");
}

TEST_F(BearerTest, RefusesATokenThatIsNotOurs) {
  EXPECT_EQ(authenticate({"Bearer x"}), "invalid_token");
  EXPECT_EQ(authenticate({"Bearer " + token() + "x"}), "invalid_token");
  EXPECT_EQ(authenticate({"Bearer " + token(), "Bearer " + token()}), "invalid_token");
  EXPECT_EQ(authenticate({"Bearer " + token_of(ring("k1"), clock_)}), "invalid_token") << "another key of that name";
  EXPECT_EQ(unknown_, 0);
  EXPECT_EQ(authenticate({"Bearer " + token_of(ring("k2"), clock_)}), "invalid_token");
  EXPECT_EQ(unknown_, 1);
}

TEST_F(BearerTest, RefusesWhatWasGoodOnce) {
  const std::string good = "Bearer " + token();
  EXPECT_EQ(authenticate({good}), "");
  memory_.deny("s-1", clock_.now() + std::chrono::seconds(300), clock_.now());
  EXPECT_EQ(authenticate({good}), "token_revoked");
  EXPECT_EQ(authenticate({"Bearer " + token("s-2")}), "");
  clock_.advance(std::chrono::seconds(120));
  EXPECT_EQ(authenticate({good}), "token_expired");
}

TEST_F(BearerTest, WaitsForItsKeys) {
  const std::string good = "Bearer " + token();
  bearer_.use(nullptr);
  EXPECT_FALSE(bearer_.ready());
  EXPECT_EQ(authenticate({good}), "service_unavailable");
  EXPECT_EQ(authenticate({}), "authentication_required") << "who sends none need not wait";
  bearer_.use(tokens::KeySet::of(ring_));
  EXPECT_TRUE(bearer_.ready());
  EXPECT_EQ(authenticate({good}), "");
}

TEST_F(BearerTest, WithoutRedisAcceptsATokenUnlessToldToRefuseIt) {
  SystemClock clock;
  FastRandom random{1};
  storage::RedisOptions options;
  options.url = *storage::RedisUrl::parse("redis://127.0.0.1:1");
  storage::RedisClient away(loop_.get_executor(), options, clock, random, logger_);
  denylist::Denylist list{
      {memory_, &away, "sp:", loop_.get_executor(), clock, logger_, registry_.make_shard(), unchecked_}};
  Bearer bearer{tokens::AccessTokenVerifier({"https://i", "aud"}, tokens::KeySet::of(ring_)), list, clock_};
  const std::string value = "Bearer " + token();
  const auto status = [&](Unchecked unchecked) {
    exchange_.reset();
    exchange_.request.fields.clear();
    exchange_.request.fields.push({"Authorization", value});
    loop_.restart();
    const auto refused = sallyport::testing::run_task_on(
        loop_, [&](runtime::Executor) { return bearer.authenticate(exchange_, unchecked); });
    EXPECT_EQ(exchange_.principal.has_value(), !refused.has_value());
    return refused ? refused->status : 200;
  };
  EXPECT_EQ(status(Unchecked::Accepted), 200);
  EXPECT_EQ(status(Unchecked::Refused), 503);
  memory_.deny("s-1", clock.now() + std::chrono::seconds(300), clock.now());
  EXPECT_EQ(status(Unchecked::Refused), 401) << "what this process knows needs no Redis";
}

TEST_F(BearerTest, TellsRolesApart) {
  EXPECT_EQ(authenticate({"Bearer " + token("s-1", "user")}), "");
  const auto refused = require_role(exchange_, "admin");
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 403);
  EXPECT_FALSE(require_role(exchange_, "user").has_value());
}

}  // namespace
}  // namespace sallyport::service
