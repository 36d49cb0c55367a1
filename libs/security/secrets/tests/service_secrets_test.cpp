#include "sallyport/secrets/service_secrets.hpp"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_environment.hpp"
#include "sallyport/secrets/fresh_secrets.hpp"
#include "sallyport/testing/fake_clock.hpp"

namespace sallyport::secrets {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::FakeEnvironment;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::texts_of;

constexpr auto kRing = "new:nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqNbMs";
constexpr auto kBare = "nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqNbMs";

FakeEnvironment complete() {
  FakeEnvironment environment;
  for (const auto& [name, value] : fresh_variables(sallyport::testing::FakeClock()))
    environment.variables[name] = value.expose();
  environment.variables["SALLYPORT_REDIS_URL"] = "rediss://:red1s-pw-91@redis:6379";
  environment.variables["SALLYPORT_DATABASE_URL"] = "postgresql://auth:db%2Fpw-72@db/auth";
  return environment;
}

std::vector<std::string> auth_problems(const FakeEnvironment& environment) {
  const auto loaded = load_auth_secrets(environment);
  EXPECT_EQ(loaded.secrets.has_value(), loaded.problems.empty());
  return texts_of(loaded.problems);
}

TEST(AuthSecrets, LoadWhenAllIsWell) {
  const auto loaded = load_auth_secrets(complete());
  ASSERT_TRUE(loaded.secrets);
  EXPECT_THAT(texts_of(loaded.warnings), IsEmpty());
  EXPECT_EQ(loaded.secrets->redis_url.expose(), "rediss://:red1s-pw-91@redis:6379");
  EXPECT_EQ(loaded.secrets->lookup_pepper.expose().size(), 32U);
  EXPECT_EQ(loaded.secrets->cursor_keys.current().material.expose().size(), 32U);
}

TEST(AuthSecrets, ReportEveryMissingVariableAtOnce) {
  EXPECT_THAT(auth_problems({}),
              ElementsAre("SALLYPORT_REDIS_URL is not set", "SALLYPORT_DATABASE_URL is not set",
                          "SALLYPORT_ACCESS_TOKEN_KEYS is not set", "SALLYPORT_REFRESH_TOKEN_KEYS is not set",
                          "SALLYPORT_LOOKUP_PEPPER is not set", "SALLYPORT_DEVICE_COOKIE_KEYS is not set",
                          "SALLYPORT_CURSOR_KEYS is not set"));
}

TEST(AuthSecrets, LeaveTheStoresOutWhereAsked) {
  auto environment = complete();
  environment.variables.erase("SALLYPORT_REDIS_URL");
  environment.variables.erase("SALLYPORT_DATABASE_URL");
  EXPECT_THAT(auth_problems(environment), Not(IsEmpty()));
  const auto loaded = load_auth_secrets(environment, StoreAddresses::Optional);
  ASSERT_TRUE(loaded.secrets);
  EXPECT_TRUE(loaded.secrets->redis_url.empty());
  EXPECT_TRUE(loaded.secrets->database_url.empty());
}

TEST(AuthSecrets, RefuseEachWeakVariable) {
  const struct {
    const char *name, *value, *expected;
  } rows[] = {
      {"SALLYPORT_LOOKUP_PEPPER", "changeme", "SALLYPORT_LOOKUP_PEPPER is a known placeholder"},
      {"SALLYPORT_LOOKUP_PEPPER", "", "SALLYPORT_LOOKUP_PEPPER is empty"},
      {"SALLYPORT_LOOKUP_PEPPER", "nB8sT3xQ6vK1jR9dW4hZ7w",
       "SALLYPORT_LOOKUP_PEPPER has 16 bytes of key material; it needs at least 32"},
      {"SALLYPORT_CURSOR_KEYS", "a:secret", "SALLYPORT_CURSOR_KEYS key 1 is a known placeholder"},
      {"SALLYPORT_ACCESS_TOKEN_KEYS", "your-256-bit-secret", "SALLYPORT_ACCESS_TOKEN_KEYS is a known placeholder"},
      {"SALLYPORT_DEVICE_COOKIE_KEYS", "k:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
       "SALLYPORT_DEVICE_COOKIE_KEYS key 1 repeats one piece"},
      {"SALLYPORT_REDIS_URL", "redis://:ChangeMe@redis",
       "SALLYPORT_REDIS_URL has a password that is a known placeholder"},
      {"SALLYPORT_DATABASE_URL", "postgresql://auth:postgres@db/auth",
       "SALLYPORT_DATABASE_URL has a password that is a known placeholder"},
  };
  for (const auto& row : rows) {
    auto environment = complete();
    environment.variables[row.name] = row.value;
    EXPECT_THAT(auth_problems(environment), ElementsAre(row.expected));
  }
}

TEST(AuthSecrets, RefuseOneSecretInTwoPlaces) {
  const struct {
    const char *first, *first_value, *second, *second_value, *expected;
  } rows[] = {
      {"SALLYPORT_REFRESH_TOKEN_KEYS", kRing, "SALLYPORT_CURSOR_KEYS",
       "other-name:nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqNbMs",
       "SALLYPORT_REFRESH_TOKEN_KEYS and SALLYPORT_CURSOR_KEYS hold the same secret"},
      {"SALLYPORT_ACCESS_TOKEN_KEYS", "k:EdDSA:nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqNbMs", "SALLYPORT_LOOKUP_PEPPER",
       kBare, "SALLYPORT_ACCESS_TOKEN_KEYS and SALLYPORT_LOOKUP_PEPPER hold the same secret"},
      {"SALLYPORT_REDIS_URL", "redis://:nB8sT3xQ6vK1jR9dW4hZ7mC2fL5pY0gEaUoIiXqNbMs@redis",
       "SALLYPORT_DEVICE_COOKIE_KEYS", kRing,
       "SALLYPORT_REDIS_URL and SALLYPORT_DEVICE_COOKIE_KEYS hold the same secret"},
      {"SALLYPORT_REDIS_URL", "redis://:the/same@redis", "SALLYPORT_DATABASE_URL",
       "postgresql://auth:the%2Fsame@db/auth", "SALLYPORT_REDIS_URL and SALLYPORT_DATABASE_URL hold the same secret"},
  };
  for (const auto& row : rows) {
    auto environment = complete();
    environment.variables[row.first] = row.first_value;
    environment.variables[row.second] = row.second_value;
    EXPECT_THAT(auth_problems(environment), ElementsAre(row.expected));
  }
}

TEST(AuthSecrets, NeverRepeatAValueInAProblem) {
  const std::string marker = "hunter2hunter2";
  FakeEnvironment environment;
  for (const auto* name : {"REDIS_URL", "DATABASE_URL", "ACCESS_TOKEN_KEYS", "REFRESH_TOKEN_KEYS", "LOOKUP_PEPPER",
                           "DEVICE_COOKIE_KEYS", "CURSOR_KEYS"})
    environment.variables["SALLYPORT_" + std::string(name)] = marker;
  environment.variables["SALLYPORT_LOOKUP_PEPPER_FILE"] = marker;
  environment.variables.erase("SALLYPORT_CURSOR_KEYS");
  environment.variables["SALLYPORT_CURSOR_KEYS_FILE"] = "/run/" + marker;
  environment.variables["SALLYPORT_REDIS_URL"] = "redis://:" + marker + "@redis";
  const auto problems = auth_problems(environment);
  EXPECT_THAT(problems, Contains("SALLYPORT_REDIS_URL and SALLYPORT_ACCESS_TOKEN_KEYS hold the same secret"));
  EXPECT_THAT(problems, Not(Contains(HasSubstr("hunter2"))));
}

TEST(AuthSecrets, TellTheLogWhatToMask) {
  auto environment = complete();
  environment.variables["SALLYPORT_REFRESH_TOKEN_KEYS"] = kRing;
  const auto loaded = load_auth_secrets(environment);
  ASSERT_TRUE(loaded.secrets);
  std::vector<std::string> values;
  for (const auto& value : loaded.secrets->known_values()) values.emplace_back(value.expose());
  for (const auto* expected : {"red1s-pw-91", "db%2Fpw-72", "db/pw-72", kBare}) EXPECT_THAT(values, Contains(expected));
  EXPECT_THAT(values, Contains(environment.variables["SALLYPORT_LOOKUP_PEPPER"]));
  // Each key of the three HMAC rings, the signing ring and the pepper, as text and raw.
  EXPECT_EQ(values.size(), 3U + 5U * 2U);
  EXPECT_TRUE(std::ranges::all_of(values, [](const auto& value) { return value.size() >= 8; }));
}

TEST(GatewaySecrets, AreTheAddressOfRedisAlone) {
  FakeEnvironment environment;
  EXPECT_THAT(texts_of(load_gateway_secrets(environment).problems), ElementsAre("SALLYPORT_REDIS_URL is not set"));
  environment.variables["SALLYPORT_REDIS_URL"] = "redis://127.0.0.1:6379";
  const auto loaded = load_gateway_secrets(environment);
  ASSERT_TRUE(loaded.secrets);
  EXPECT_THAT(loaded.secrets->known_values(), IsEmpty());
}

TEST(GatewaySecrets, WarnOfASigningKeyThatDoesNotBelongThere) {
  const auto loaded = load_gateway_secrets(complete());
  ASSERT_TRUE(loaded.secrets);
  EXPECT_THAT(texts_of(loaded.warnings),
              Contains("SALLYPORT_ACCESS_TOKEN_KEYS is set, but this service has no use for it; leave it out"));
  EXPECT_EQ(loaded.warnings.size(), 6U);
}

TEST(PaymentsSecrets, WantAStrongProcessorKey) {
  auto environment = complete();
  EXPECT_THAT(texts_of(load_payments_secrets(environment).problems),
              ElementsAre("SALLYPORT_PROCESSOR_URL is not set", "SALLYPORT_PROCESSOR_KEY is not set"));
  environment.variables["SALLYPORT_PROCESSOR_URL"] = "https://processor.invalid";
  environment.variables["SALLYPORT_PROCESSOR_KEY"] = "sk_live_too_short";
  EXPECT_THAT(texts_of(load_payments_secrets(environment).problems),
              ElementsAre("SALLYPORT_PROCESSOR_KEY has 17 bytes of key material; it needs at least 32"));
  environment.variables["SALLYPORT_PROCESSOR_KEY"] = "sk_live_q7Zk2Yd6Xw1Tn9Lc4Hb5Fs0G";
  const auto loaded = load_payments_secrets(environment);
  ASSERT_TRUE(loaded.secrets);
  std::vector<std::string> values;
  for (const auto& value : loaded.secrets->known_values()) values.emplace_back(value.expose());
  EXPECT_THAT(values, Contains("sk_live_q7Zk2Yd6Xw1Tn9Lc4Hb5Fs0G"));
}

TEST(AdminSecrets, AreRedisDatabaseAndCursor) {
  EXPECT_TRUE(load_admin_secrets(complete()).secrets);
  EXPECT_THAT(texts_of(load_admin_secrets(FakeEnvironment()).problems),
              ElementsAre("SALLYPORT_REDIS_URL is not set", "SALLYPORT_DATABASE_URL is not set",
                          "SALLYPORT_CURSOR_KEYS is not set"));
}

TEST(OwnerSecrets, AreTheOwnersDatabase) {
  EXPECT_THAT(texts_of(load_owner_secrets(complete()).problems),
              ElementsAre("SALLYPORT_MIGRATE_DATABASE_URL is not set"));
  FakeEnvironment environment;
  environment.variables["SALLYPORT_MIGRATE_DATABASE_URL"] = "postgresql://owner:own3r-pw-5@db/auth";
  const auto loaded = load_owner_secrets(environment);
  ASSERT_TRUE(loaded.secrets);
  ASSERT_EQ(loaded.secrets->known_values().size(), 1U);
  EXPECT_EQ(loaded.secrets->known_values()[0].expose(), "own3r-pw-5");
}

}  // namespace
}  // namespace sallyport::secrets
