#include "sql/clean_text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::accounts::sql {
namespace {

TEST(CleanText, KeepsPrintableAsciiUpToItsLimit) {
  EXPECT_EQ(clean_text("curl/8.1 (x86_64)", 256), "curl/8.1 (x86_64)");
  EXPECT_EQ(clean_text("curl/8.1", 4), "curl");
  EXPECT_EQ(clean_text("a\x1b[2J\xff", 256), "a?[2J?");
  EXPECT_EQ(clean_text("", 256), std::nullopt);
}

TEST(CleanText, StoresNoTokenThatAClientPutIntoItsName) {
  const std::string token = "rt1.k1." + std::string(43, 'A');
  EXPECT_EQ(clean_text("app " + token, 256), "app ***");
  EXPECT_EQ(clean_text("app eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxIn0.c2ln", 256), "app ***");
  EXPECT_EQ(clean_text(std::string(249, 'x') + " " + token, 256), std::string(249, 'x') + " ***") << "masked, then cut";
}

}  // namespace
}  // namespace sallyport::accounts::sql
