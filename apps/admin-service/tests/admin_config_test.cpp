#include "sallyport/admin_service/admin_config.hpp"

#include <gtest/gtest.h>

namespace sallyport::admin_service {
namespace {

constexpr std::string_view kGood =
    "listen: 127.0.0.1:9003\n"
    "issuer: https://id.example.com\n"
    "audience: https://api.example.com\n"
    "jwks_url: http://127.0.0.1:9001/.well-known/jwks.json\n";

TEST(AdminConfig, NeedsLittle) {
  const auto loaded = load_admin_config(kGood);
  EXPECT_TRUE(loaded.problems.empty()) << service::format_problems("f", loaded.problems);
  EXPECT_EQ(loaded.config.common.listen.size(), 1U);
  EXPECT_EQ(loaded.config.access_ttl, std::chrono::seconds(900));
  EXPECT_EQ(loaded.config.gateway_config, "");
  const auto more = load_admin_config(std::string(kGood) + "gateway_config: /etc/sallyport/gateway.yaml\n");
  EXPECT_TRUE(more.problems.empty()) << service::format_problems("f", more.problems);
  EXPECT_EQ(more.config.gateway_config, "/etc/sallyport/gateway.yaml");
}

TEST(AdminConfig, TellsEveryMistake) {
  struct Row {
    const char* text;
    const char* mention;
  };
  const Row rows[] = {
      {"access_ttl: 0s\n", "access_ttl"},         {"access_ttl: 25h\n", "access_ttl"},
      {"refresh_ttl: 1h\n", "refresh_ttl"},       {"nonsense: 1\n", "nonsense"},
      {"gateway_config: ''\n", "gateway_config"}, {"gateway_config: [a, b]\n", "gateway_config"},
  };
  for (const Row& row : rows) {
    const auto loaded = load_admin_config(std::string(kGood) + row.text);
    ASSERT_EQ(loaded.problems.size(), 1U) << row.text;
    EXPECT_NE(loaded.problems[0].message.find(row.mention), std::string::npos) << loaded.problems[0].message;
  }
  EXPECT_GE(load_admin_config("").problems.size(), 4U) << "listen, issuer, audience, jwks_url";
}

}  // namespace
}  // namespace sallyport::admin_service
