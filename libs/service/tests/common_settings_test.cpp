#include "sallyport/service/common_settings.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sallyport::service {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kLeast = "listen: 127.0.0.1:0\nissuer: https://a.example\naudience: api\n";
constexpr const char* kUrl = "jwks_url: https://auth.example/.well-known/jwks.json\n";

struct Loaded {
  CommonSettings settings;
  std::string problems;
};

Loaded load(const std::string& yaml, SigningKeys keys = SigningKeys::Elsewhere) {
  Loaded loaded;
  SettingsTable table;
  add_common_settings(table, loaded.settings, keys);
  loaded.problems = format_problems("f", table.read(yaml));
  return loaded;
}

TEST(CommonSettings, NeedLittle) {
  const Loaded loaded = load(std::string(kLeast) + kUrl);
  EXPECT_EQ(loaded.problems, "");
  EXPECT_EQ(loaded.settings.trusted_gateways, loopback_blocks());
  EXPECT_FALSE(loaded.settings.allow_plaintext);
  EXPECT_EQ(load(kLeast, SigningKeys::Own).problems, "");
}

TEST(CommonSettings, TrustNobodyWhenTheFileSaysSo) {
  EXPECT_TRUE(load(std::string(kLeast) + kUrl + "trusted_gateways: []\n").settings.trusted_gateways.empty());
}

TEST(CommonSettings, BecomeTheOptionsOfAService) {
  const Loaded loaded = load(std::string(kLeast) + kUrl +
                             "threads: 3\nredis_key_prefix: \"x:\"\naccess_log: false\nshutdown_timeout: 2s\n"
                             "trusted_gateways: 10.1.0.0/16\ndatabase_connections: 4\ndrain: 0s\n");
  ASSERT_EQ(loaded.problems, "");
  ServiceOptions options{.name = "x", .routes = {}, .issuer = {}, .audience = {}, .keys = {}};
  apply(loaded.settings, options);
  EXPECT_EQ(options.issuer, "https://a.example");
  EXPECT_EQ(options.audience, "api");
  EXPECT_EQ(options.listen.size(), 1U);
  EXPECT_EQ(options.threads, 3U);
  EXPECT_EQ(options.redis_key_prefix, "x:");
  EXPECT_EQ(options.trusted_gateways.size(), 1U);
  EXPECT_FALSE(options.access_log);
  EXPECT_EQ(options.shutdown_timeout, 2s);
  ASSERT_TRUE(std::holds_alternative<tokens::JwksUrl>(options.keys));
  EXPECT_EQ(std::get<tokens::JwksUrl>(options.keys).host, "auth.example");
}

TEST(CommonSettings, FetchKeysWithoutTlsOnlyWhenTheyMay) {
  EXPECT_THAT(load(kLeast).problems, HasSubstr("the key 'jwks_url' is missing"));
  EXPECT_THAT(load(std::string(kLeast) + kUrl, SigningKeys::Own).problems, HasSubstr("unknown key 'jwks_url'"));
  const std::string plain = std::string(kLeast) + "jwks_url: http://10.0.0.5:9001/k\n";
  EXPECT_THAT(load(plain).problems, HasSubstr("needs allow_plaintext: true"));
  EXPECT_EQ(load(plain + "allow_plaintext: true\n").problems, "");
  EXPECT_EQ(load(std::string(kLeast) + "jwks_url: http://127.0.0.1:9001/k\n").problems, "");
  EXPECT_THAT(load(std::string(kLeast) + "jwks_url: auth:9001\n").problems, HasSubstr("expected the URL of a key set"));
}

}  // namespace
}  // namespace sallyport::service
