#include "sallyport/rate_limit/limit_catalog.hpp"

#include <set>
#include <string>

#include "limiter_fixture.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::minutes;

Policy by(KeyKind kind, Policy policy) {
  policy.key = kind;
  if (kind == KeyKind::Header) policy.header = "x-api-key";
  return policy;
}

class LimitCatalogTest : public test::LimiterTest {
 protected:
  LimitCatalogTest() {
    Policy each = test::fixed("each", 5, minutes(15));
    each.group = Group::Route;
    Policy failures = test::fixed("failures", 4, minutes(15));
    failures.count = Count::Failures;
    Policy shadow = test::sliding("shadow", 2, minutes(15));
    shadow.shadow = true;
    catalog_.policies = {test::fixed("all", 100, minutes(15)),
                         each,
                         by(KeyKind::User, test::gcra("users", 30, minutes(1), 10)),
                         by(KeyKind::Header, test::sliding("keys", 20, minutes(1))),
                         by(KeyKind::Route, test::fixed("route", 1000, minutes(1))),
                         failures,
                         shadow};
    for (std::size_t i = 0; i < catalog_.policies.size(); ++i) catalog_.uses.push_back({i, i == 1 ? kRoute : ""});
    catalog_.issuer = "https://id.example.com";
    catalog_.settings = {.key_prefix = "t:", .ipv6_prefix = 56};
  }

  static std::set<std::string> keys(const std::vector<Counter>& counters) {
    std::set<std::string> out;
    for (const Counter& counter : counters) out.insert(counter.key);
    return out;
  }

  static constexpr const char* kRoute = "/a path/that is/much longer/than a store key/may hold of it/*";
  LimitCatalog catalog_;
};

/// The keys that a limiter asks its store for, whatever the caller shows of himself, are those that are found again.
TEST_F(LimitCatalogTest, CountersAreThoseThatALimiterCharges) {
  use(catalog_.policies, catalog_.settings);
  std::vector<const Policy*> all;
  for (const Policy& policy : policies_) all.push_back(&policy);
  plan_.emplace(all, kRoute, catalog_.settings, *metrics_);
  test::Headers headers;
  headers.fields["x-api-key"] = " the key ";
  const IpAddress address = *IpAddress::parse("2001:db8:1:2::3");

  struct Row {
    const char* name;
    Caller caller;
    std::vector<Counter> counters;
  };
  auto address_only = counters_of_address(catalog_, *IpAddress::parse("2001:db8:1:ff::1"));
  auto with_all = address_only;
  std::erase_if(with_all, [](const Counter& counter) { return counter.reason == Counter::Reason::Fallback; });
  for (auto& more : {counters_of_user(catalog_, "ada"), counters_of_header(catalog_, "the key")}) {
    with_all.insert(with_all.end(), more.begin(), more.end());
  }
  const Row rows[] = {
      {"shows nothing", {.address = address}, address_only},
      {"shows all", {.address = address, .headers = &headers, .issuer = catalog_.issuer, .subject = "ada"}, with_all},
  };
  for (const Row& row : rows) {
    store_.calls.clear();
    decide(row.caller);
    std::set<std::string> charged;
    for (const auto& call : store_.calls) charged.insert(call.begin(), call.end());
    std::erase_if(charged, [](const std::string& key) { return key.starts_with("t:rl:{r:"); });
    EXPECT_EQ(keys(row.counters), charged) << row.name;
  }
}

TEST_F(LimitCatalogTest, CountersKeepTheOrderOfTheCatalog) {
  std::string names;
  for (const Counter& counter : counters_of_address(catalog_, *IpAddress::parse("192.0.2.1"))) {
    names += counter.policy->name + (counter.reason == Counter::Reason::Kind ? " " : "? ");
  }
  EXPECT_EQ(names, "all each users? keys? failures shadow ");
}

TEST_F(LimitCatalogTest, NobodyElseHasThem) {
  const auto mine = keys(counters_of_user(catalog_, "ada"));
  LimitCatalog other = catalog_;
  other.issuer = "https://other.example.com";
  for (const auto& theirs : {keys(counters_of_user(catalog_, "bob")), keys(counters_of_user(other, "ada")),
                             keys(counters_of_header(catalog_, "ada"))}) {
    EXPECT_EQ(theirs.size(), 1U);
    EXPECT_NE(theirs, mine);
  }
}

/// More counters than one step takes, of two identities that take turns.
TEST_F(LimitCatalogTest, LooksAtAndForgetsHoweverManyThereAre) {
  catalog_.policies.clear();
  catalog_.uses.clear();
  for (std::size_t i = 0; i < 20; ++i) {
    Policy policy = by(KeyKind::Header, test::fixed("p" + std::to_string(i), 10, minutes(15)));
    if (i % 10 == 9) policy.header = "x-other";
    catalog_.policies.push_back(policy);
    catalog_.uses.push_back({i, ""});
  }
  const auto counters = counters_of_header(catalog_, "v");
  for (std::size_t i = 0; i < counters.size(); ++i) {
    const Charge charge = test::charge(*counters[i].policy, counters[i].key, static_cast<std::int64_t>(i % 7 + 1));
    remote_.acquire_now({&charge, 1});
  }
  const auto used_of = [&](auto function) {
    auto states = sallyport::testing::run_task([&](runtime::Executor) { return function(store_, counters); });
    std::vector<std::int64_t> used;
    for (const CounterState& state : states.value()) used.push_back(state.usage.used);
    return used;
  };
  std::vector<std::int64_t> expected;
  for (std::size_t i = 0; i < 20; ++i) expected.push_back(static_cast<std::int64_t>(i % 7 + 1));
  EXPECT_EQ(used_of(look), expected);
  EXPECT_EQ(used_of(look), expected);
  EXPECT_EQ(used_of(forget), expected) << "what was there before";
  EXPECT_EQ(used_of(look), std::vector<std::int64_t>(20, 0));
}

}  // namespace
}  // namespace sallyport::rate_limit
