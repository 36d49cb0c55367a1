#include "middleware/authenticate.hpp"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "token_rig.hpp"

namespace sallyport::api_gateway {
namespace {

using Outcome = TokenMetrics::Outcome;
using test::AskedRoute;
using ::testing::HasSubstr;
using ::testing::Not;

/// Without Redis: what this process knows about ended sessions is all there is.
class AuthenticateTest : public ::testing::Test {
 protected:
  std::optional<net::Response> ask(Exchange& exchange) {
    auto answer = filter_.on_request(exchange);
    EXPECT_FALSE(!answer && filter_.must_wait(exchange)) << "nothing to wait for";
    return answer;
  }
  std::optional<net::Response> ask(AskedRoute& route, const std::vector<std::string>& authorizations) {
    last_ = route.request(authorizations);
    return ask(*last_);
  }
  void expect_refused(const std::optional<net::Response>& answer, int status, std::string_view code,
                      std::string_view challenge) {
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, status);
    EXPECT_EQ(answer->code, code);
    EXPECT_FALSE(last_->principal.has_value());
    if (challenge.empty()) {
      EXPECT_THAT(answer->fields, Not(HasSubstr("WWW-Authenticate")));
    } else {
      EXPECT_THAT(answer->fields, HasSubstr("WWW-Authenticate: " + std::string(challenge) + "\r\n"));
    }
    EXPECT_THAT(answer->fields, HasSubstr("Cache-Control: no-store\r\n"));
  }
  std::uint64_t counted(Outcome outcome) { return registry_.total(metrics_.of(outcome)); }

  test::TokenRig rig_;
  metrics::Registry registry_;
  TokenMetrics metrics_{registry_};
  metrics::Shard& shard_ = registry_.make_shard();
  log::Logger logger_{{.level = log::Level::Off}, log::Redactor{}};
  asio::io_context loop_{1};
  runtime::TaskScope tasks_{loop_.get_executor(), 16, [](const std::exception_ptr&) {}};
  denylist::MemoryDenylist denylist_;
  SessionCheck sessions_{{&denylist_, nullptr, "sp:", loop_.get_executor(), tasks_, rig_.clock, logger_}};
  int unknown_keys_ = 0;
  Authenticate filter_{&rig_.verifier, sessions_, metrics_, shard_, rig_.clock, [this] { ++unknown_keys_; }};
  std::unique_ptr<Exchange> last_;
};

constexpr const char* kInvalid = R"(Bearer error="invalid_token", error_description="The access token is not valid")";

TEST_F(AuthenticateTest, NeverLooksWhereNothingIsAsked) {
  AskedRoute open(AuthMode::None);
  EXPECT_FALSE(ask(open, {"Bearer nonsense"}).has_value());
  EXPECT_FALSE(ask(open, {"Bearer " + rig_.token()}).has_value());
  EXPECT_FALSE(last_->principal.has_value());
}

TEST_F(AuthenticateTest, SaysWhoAsks) {
  AskedRoute closed(AuthMode::Required);
  EXPECT_FALSE(ask(closed, {"bEaReR   " + rig_.token("s9", "admin")}).has_value());
  ASSERT_TRUE(last_->principal.has_value());
  EXPECT_EQ(last_->principal->issuer(), test::kIssuer);
  EXPECT_EQ(last_->principal->subject(), "u1");
  EXPECT_EQ(last_->principal->session(), "s9");
  EXPECT_EQ(last_->principal->role, "admin");
  EXPECT_EQ(counted(Outcome::Accepted), 1U);
}

TEST_F(AuthenticateTest, RequiredWithoutATokenIsAskedForOneAndNamesNoError) {
  AskedRoute closed(AuthMode::Required);
  expect_refused(ask(closed, {}), 401, "authentication_required", "Bearer");
  for (const char* other : {"Basic dTpw", "Bearer", "Bearer ", "Bearertoken", ""}) {
    expect_refused(ask(closed, {other}), 401, "authentication_required", "Bearer");
  }
}

TEST_F(AuthenticateTest, OptionalLetsNobodyPassButNoBadToken) {
  AskedRoute half(AuthMode::Optional);
  EXPECT_FALSE(ask(half, {}).has_value());
  EXPECT_FALSE(last_->principal.has_value());
  EXPECT_FALSE(ask(half, {"Bearer " + rig_.token()}).has_value());
  EXPECT_TRUE(last_->principal.has_value());
  expect_refused(ask(half, {"Bearer nonsense"}), 401, "invalid_token", kInvalid);
  expect_refused(ask(half, {"Basic dTpw"}), 401, "authentication_required", "Bearer");
}

TEST_F(AuthenticateTest, TwoFieldsAreRefusedAlsoWhenBothAreGood) {
  AskedRoute half(AuthMode::Optional);
  const std::string good = "Bearer " + rig_.token();
  expect_refused(ask(half, {good, good}), 401, "invalid_token", kInvalid);
  expect_refused(ask(half, {good, "Basic dTpw"}), 401, "invalid_token", kInvalid);
}

TEST_F(AuthenticateTest, ExpiryIsLookedAtOnEveryRequest) {
  AskedRoute closed(AuthMode::Required);
  const std::string token = "Bearer " + rig_.token();
  EXPECT_FALSE(ask(closed, {token}).has_value());
  rig_.clock.advance(std::chrono::seconds(900 + 31));
  expect_refused(ask(closed, {token}), 401, "token_expired",
                 R"(Bearer error="invalid_token", error_description="The access token has expired")");
}

TEST_F(AuthenticateTest, AnEndedSessionIsLookedForOnEveryRequest) {
  AskedRoute closed(AuthMode::Required);
  const std::string token = "Bearer " + rig_.token("s1");
  EXPECT_FALSE(ask(closed, {token}).has_value());
  denylist_.deny("s1", rig_.clock.now() + std::chrono::minutes(16), rig_.clock.now());
  expect_refused(ask(closed, {token}), 401, "token_revoked",
                 R"(Bearer error="invalid_token", error_description="The access token has been revoked")");
  EXPECT_FALSE(ask(closed, {"Bearer " + rig_.token("s2")}).has_value());
}

TEST_F(AuthenticateTest, TheKeyIsLookedForOnEveryRequest) {
  AskedRoute closed(AuthMode::Required);
  const std::string token = "Bearer " + rig_.token();
  EXPECT_FALSE(ask(closed, {token}).has_value());
  rig_.verifier.verifier().use(tokens::KeySet::of(test::TokenRig::ring_of("at2")));
  expect_refused(ask(closed, {token}), 401, "invalid_token", kInvalid);
  EXPECT_EQ(unknown_keys_, 1) << "somebody should look whether there is a new key";
}

TEST_F(AuthenticateTest, AnotherRoleIsForbidden) {
  struct Row {
    Role wanted;
    const char* role;
    bool passes;
  };
  for (const Row& row :
       {Row{Role::Any, "user", true}, Row{Role::Any, "robot", true}, Row{Role::User, "user", true},
        Row{Role::User, "admin", true}, Row{Role::User, "robot", false}, Row{Role::Admin, "admin", true},
        Row{Role::Admin, "user", false}, Row{Role::Admin, "Admin", false}, Row{Role::Admin, "administrator", false}}) {
    AskedRoute route(AuthMode::Required, row.wanted);
    const auto answer = ask(route, {"Bearer " + rig_.token("s1", row.role)});
    EXPECT_EQ(!answer.has_value(), row.passes) << row.role;
    if (row.passes) continue;
    expect_refused(
        answer, 403, "forbidden",
        R"(Bearer error="insufficient_scope", error_description="The role of the token does not allow this")");
  }
  AskedRoute admin(AuthMode::Required, Role::Admin);
  expect_refused(ask(admin, {}), 401, "authentication_required", "Bearer");
}

TEST_F(AuthenticateTest, WithoutKeysNoTokenIsJudged) {
  AskedRoute half(AuthMode::Optional);
  AskedRoute closed(AuthMode::Required);
  rig_.verifier.verifier().use(nullptr);
  const auto answer = ask(half, {"Bearer " + rig_.token()});
  expect_refused(answer, 503, "service_unavailable", "");
  EXPECT_THAT(answer->fields, HasSubstr("Retry-After: 1\r\n"));
  expect_refused(ask(closed, {"Bearer nonsense"}), 503, "service_unavailable", "");
  EXPECT_FALSE(ask(half, {}).has_value());
  EXPECT_EQ(counted(Outcome::NoKeys), 2U);
  EXPECT_EQ(unknown_keys_, 0);
}

TEST_F(AuthenticateTest, GarbagePushesNothingOutOfTheMemory) {
  AskedRoute closed(AuthMode::Required);
  const std::string good = rig_.token();
  EXPECT_FALSE(ask(closed, {"Bearer " + good}).has_value());
  for (int i = 0; i < 100; ++i) {
    std::string forged = good;
    forged[forged.size() - 10 - static_cast<std::size_t>(i % 60)] ^= 1;
    expect_refused(ask(closed, {"Bearer " + forged}), 401, "invalid_token", kInvalid);
  }
  EXPECT_EQ(rig_.verifier.cache().size(), 1U);
  EXPECT_FALSE(ask(closed, {"Bearer " + good}).has_value());
  EXPECT_EQ(registry_.total(metrics_.verifications()), 101U) << "the good one was verified once";
}

TEST_F(AuthenticateTest, AnswersToSomebodyAreNotStoredUnlessTheServiceSaysHow) {
  AskedRoute half(AuthMode::Optional);
  net::Response response;
  ask(half, {});
  filter_.on_response(*last_, response);
  EXPECT_EQ(response.fields, "");
  ask(half, {"Bearer " + rig_.token()});
  response.fields = "X-Cache-Control: a\r\nExpires: 0\r\n";
  filter_.on_response(*last_, response);
  EXPECT_EQ(response.fields, "X-Cache-Control: a\r\nExpires: 0\r\nCache-Control: no-store\r\n");
  response.fields = "A: b\r\ncache-control: private, max-age=5\r\n";
  filter_.on_response(*last_, response);
  EXPECT_EQ(response.fields, "A: b\r\ncache-control: private, max-age=5\r\n");
}

}  // namespace
}  // namespace sallyport::api_gateway
