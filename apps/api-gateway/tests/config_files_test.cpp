#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "sallyport/api_gateway/config.hpp"

namespace sallyport::api_gateway {
namespace {

std::string path_of(const std::string& name) {
  return std::string(SALLYPORT_SOURCE_DIR) + "/" + name;
}

std::string read(const std::string& name) {
  std::ifstream file(path_of(name), std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

/// The committed file; with SALLYPORT_UPDATE_GOLDEN=1 it is first written anew, for a person to review.
std::string golden(const std::string& name, const std::string& now) {
  if (const char* update = std::getenv("SALLYPORT_UPDATE_GOLDEN"); update != nullptr && std::string(update) == "1") {
    std::ofstream(path_of(name), std::ios::binary) << now;
  }
  return read(name);
}

TEST(ConfigFiles, TellAllMistakesAtOnceInTheOrderOfTheFile) {
  const auto loaded = load_config(read("apps/api-gateway/tests/data/mistakes.yaml"), ConfigMode::Production);
  EXPECT_FALSE(loaded.ok());
  const std::string problems = format_problems("mistakes.yaml", loaded.problems);
  EXPECT_EQ(golden("apps/api-gateway/tests/data/mistakes.expected", problems), problems);
  EXPECT_EQ(loaded.problems.size(), 15U);
}

TEST(ConfigFiles, TheExampleLoadsWithoutAWord) {
  const auto loaded = load_config(read("config/gateway.yaml"), ConfigMode::Production);
  EXPECT_EQ(format_problems("config/gateway.yaml", loaded.problems), "");
  EXPECT_TRUE(loaded.ok());
  EXPECT_FALSE(loaded.config.routes.empty());
}

TEST(ConfigFiles, TheReferencePageIsWhatTheTablesSay) {
  const std::string page = configuration_reference();
  EXPECT_EQ(golden("docs/configuration.md", page), page)
      << "the tables have changed: run this test with SALLYPORT_UPDATE_GOLDEN=1 and commit docs/configuration.md";
}

TEST(ConfigFiles, TheReferencePageNamesEveryKindOfKey) {
  const std::string page = configuration_reference();
  for (const char* part :
       {"| `listen` |", "| `limit` |", "| `hosts` |", "| `auth` |", "| `origins` |", "| `head_timeout` |",
        "- `breaker`: ", "`global`: 100 in 15m", "`auth`: 5 in 15m for each address and route"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
}

}  // namespace
}  // namespace sallyport::api_gateway
