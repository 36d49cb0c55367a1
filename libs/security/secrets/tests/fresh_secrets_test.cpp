#include "sallyport/secrets/fresh_secrets.hpp"

#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_environment.hpp"
#include "sallyport/secrets/key_text.hpp"
#include "sallyport/secrets/service_secrets.hpp"
#include "sallyport/testing/fake_clock.hpp"

namespace sallyport::secrets {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

TEST(FreshEnvironment, StartsAnAuthService) {
  const sallyport::testing::FakeClock clock;
  const auto environment = EnvironmentText::parse(fresh_environment_text(clock).expose());
  ASSERT_TRUE(environment);
  const auto loaded = load_auth_secrets(*environment, StoreAddresses::Optional);
  EXPECT_THAT(testing::texts_of(loaded.problems), IsEmpty());
  EXPECT_THAT(testing::texts_of(loaded.warnings), IsEmpty());
  ASSERT_TRUE(loaded.secrets);
  EXPECT_EQ(loaded.secrets->access_token_keys.current().key.algorithm(), crypto::SignatureAlgorithm::EdDSA);
  EXPECT_THAT(loaded.secrets->refresh_token_keys.current().kid, MatchesRegex("20260101-[0-9a-f]{6}"));
}

TEST(FreshEnvironment, HoldsLinesOfNameAndValueOnly) {
  const sallyport::testing::FakeClock clock;
  const auto text = fresh_environment_text(clock);
  std::vector<std::string> names;
  std::string_view rest = text.expose();
  while (!rest.empty()) {
    names.emplace_back(rest.substr(0, rest.find('=')));
    rest.remove_prefix(rest.find('\n') + 1);
  }
  EXPECT_THAT(names, ElementsAre("SALLYPORT_ACCESS_TOKEN_KEYS", "SALLYPORT_REFRESH_TOKEN_KEYS",
                                 "SALLYPORT_LOOKUP_PEPPER", "SALLYPORT_DEVICE_COOKIE_KEYS", "SALLYPORT_CURSOR_KEYS"));
}

TEST(FreshEnvironment, IsNeverTheSame) {
  const sallyport::testing::FakeClock clock;
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    for (const auto& [name, value] : fresh_variables(clock)) EXPECT_TRUE(seen.emplace(value.expose()).second) << name;
    EXPECT_TRUE(parse_hmac_secret(fresh_hmac_secret().expose()));
  }
}

}  // namespace
}  // namespace sallyport::secrets
