#include "identity/outside_issuer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "token_rig.hpp"

namespace sallyport::api_gateway {
namespace {

using test::AskedRoute;

constexpr const char* kPartner = "https://partner.test";
constexpr const char* kOther = "https://other.test";

/// Two other identity providers beside our own. Each has a key with the same name as ours.
class OutsideIssuerTest : public ::testing::Test {
 protected:
  OutsideIssuerTest() {
    configs_[0] = {.name = "partner",
                   .issuer = kPartner,
                   .audience = test::kAudience,
                   .jwks_url = {},
                   .ca_file = {},
                   .roles = {{"ops", Role::Admin}, {"staff", Role::User}}};
    configs_[1] = {
        .name = "other", .issuer = kOther, .audience = test::kAudience, .jwks_url = {}, .ca_file = {}, .roles = {}};
    for (std::size_t i = 0; i < 2; ++i) {
      outside_.push_back(std::make_unique<OutsideIssuer>(configs_[i], [this, i] { ++unknown_keys_[i]; }));
      outside_.back()->verifier().verifier().use(tokens::KeySet::of(issuers_[i].ring()));
    }
    filter_.emplace(&rig_.verifier, sessions_, metrics_, shard_, rig_.clock, [this] { ++our_unknown_keys_; }, outside_);
  }

  std::string theirs(const tokens::AccessTokenIssuer& issuer, std::string_view role = "user",
                     std::string_view session = "s1") {
    const auto issued =
        issuer.issue({.subject = "u1", .session = session, .id = "j1", .role = role}, rig_.clock.wall_now());
    return "Bearer " + std::string(issued.token.expose());
  }
  /// The status that a token brings; 200: let in.
  int status(AskedRoute& route, const std::string& authorization) {
    fields_ = {authorization};
    last_ = route.request(fields_);
    const auto answer = filter_->on_request(*last_);
    EXPECT_FALSE(!answer && filter_->must_wait(*last_));
    EXPECT_EQ(last_->principal.has_value(), !answer);
    return answer ? answer->status : 200;
  }
  static AskedRoute listing(std::vector<std::size_t> issuers, Role role = Role::Any) {
    AskedRoute route(AuthMode::Required, role);
    route.route.issuers = std::move(issuers);
    return route;
  }

  test::TokenRig rig_;
  std::array<IssuerConfig, 2> configs_;
  std::array<tokens::AccessTokenIssuer, 2> issuers_{
      tokens::AccessTokenIssuer(test::TokenRig::ring_of("at1"), {.issuer = kPartner, .audience = test::kAudience}),
      tokens::AccessTokenIssuer(test::TokenRig::ring_of("at1"), {.issuer = kOther, .audience = test::kAudience})};
  std::vector<std::unique_ptr<OutsideIssuer>> outside_;
  metrics::Registry registry_;
  TokenMetrics metrics_{registry_};
  metrics::Shard& shard_ = registry_.make_shard();
  log::Logger logger_{{.level = log::Level::Off}, log::Redactor{}};
  asio::io_context loop_{1};
  runtime::TaskScope tasks_{loop_.get_executor(), 16, [](const std::exception_ptr&) {}};
  denylist::MemoryDenylist denylist_;
  SessionCheck sessions_{{&denylist_, nullptr, "sp:", loop_.get_executor(), tasks_, rig_.clock, logger_}};
  std::array<int, 2> unknown_keys_{};
  int our_unknown_keys_ = 0;
  std::optional<Authenticate> filter_;
  std::vector<std::string> fields_;  ///< what the last request looks at
  std::unique_ptr<Exchange> last_;
};

TEST_F(OutsideIssuerTest, CountsOnlyOnRoutesThatListIt) {
  AskedRoute none = listing({}), partner = listing({0}), other = listing({1}), both = listing({0, 1});
  const std::string token = theirs(issuers_[0]);
  for (int again = 0; again < 2; ++again) {  // the second time it is remembered
    EXPECT_EQ(status(partner, token), 200);
    EXPECT_EQ(last_->principal->issuer(), kPartner);
    EXPECT_EQ(last_->principal->subject(), "u1");
    EXPECT_EQ(status(both, token), 200);
    EXPECT_EQ(status(none, token), 401);
    EXPECT_EQ(status(other, token), 401);
  }
  for (AskedRoute* route : {&none, &partner, &other, &both}) {
    EXPECT_EQ(status(*route, "Bearer " + rig_.token()), 200) << "our own tokens count everywhere";
    EXPECT_EQ(last_->principal->issuer(), test::kIssuer);
  }
}

TEST_F(OutsideIssuerTest, RoleCountsOnlyAsItIsMapped) {
  const struct {
    const char* role;
    Role wanted;
    int status;
  } rows[] = {{"admin", Role::Any, 200},  {"admin", Role::User, 403},  {"admin", Role::Admin, 403},
              {"user", Role::User, 403},  {"ops", Role::Admin, 200},   {"ops", Role::User, 200},
              {"staff", Role::User, 200}, {"staff", Role::Admin, 403}, {"Ops", Role::Admin, 403}};
  for (const auto& row : rows) {
    AskedRoute route = listing({0, 1}, row.wanted);
    EXPECT_EQ(status(route, theirs(issuers_[0], row.role)), row.status) << row.role;
    EXPECT_EQ(status(route, theirs(issuers_[1], row.role)), row.wanted == Role::Any ? 200 : 403) << row.role;
  }
  AskedRoute route = listing({0});
  EXPECT_EQ(status(route, theirs(issuers_[0], "ops")), 200);
  EXPECT_EQ(last_->principal->role, "admin");
  EXPECT_EQ(status(route, theirs(issuers_[0], "admin")), 200);
  EXPECT_EQ(last_->principal->role, "");
}

TEST_F(OutsideIssuerTest, MayNotSignForAnother) {
  // Its own key, our name, and the other way round: the name chooses the keys, and those do not fit.
  const tokens::AccessTokenIssuer as_us(issuers_[0].ring(), {.issuer = test::kIssuer, .audience = test::kAudience});
  const tokens::AccessTokenIssuer as_other(issuers_[0].ring(), {.issuer = kOther, .audience = test::kAudience});
  const tokens::AccessTokenIssuer ours_as_partner(rig_.issuer.ring(),
                                                  {.issuer = kPartner, .audience = test::kAudience});
  AskedRoute both = listing({0, 1});
  for (const auto* issuer : {&as_us, &as_other, &ours_as_partner}) EXPECT_EQ(status(both, theirs(*issuer)), 401);
}

TEST_F(OutsideIssuerTest, HasNoSessionsOfOurs) {
  denylist_.deny("s1", rig_.clock.now() + std::chrono::hours(1), rig_.clock.now());
  AskedRoute partner = listing({0});
  EXPECT_EQ(status(partner, theirs(issuers_[0], "user", "s1")), 200);
  EXPECT_EQ(status(partner, "Bearer " + rig_.token("s1")), 401);
}

TEST_F(OutsideIssuerTest, IsAskedForItsOwnKeys) {
  AskedRoute partner = listing({0});
  outside_[0]->verifier().verifier().use(tokens::KeySet::of(test::TokenRig::ring_of("at2")));
  EXPECT_EQ(status(partner, theirs(issuers_[0])), 401);
  EXPECT_EQ(unknown_keys_, (std::array<int, 2>{1, 0}));
  EXPECT_EQ(our_unknown_keys_, 0);
  outside_[0]->verifier().verifier().use(nullptr);
  EXPECT_EQ(status(partner, theirs(issuers_[0])), 503);
  EXPECT_EQ(status(partner, "Bearer " + rig_.token()), 200) << "nobody else waits for its keys";
}

TEST_F(OutsideIssuerTest, GarbageIsJudgedAsOurOwn) {
  AskedRoute partner = listing({0});
  for (const char* token :
       {"Bearer x", "Bearer a.b.c", "Bearer e30.e30.e30", "Bearer ..", "Bearer e30.eyJpc3MiOjF9.x"}) {
    EXPECT_EQ(status(partner, token), 401) << token;
  }
}

}  // namespace
}  // namespace sallyport::api_gateway
