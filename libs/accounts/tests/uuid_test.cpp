#include "sallyport/core/uuid.hpp"

#include <set>

#include <gtest/gtest.h>

#include "sallyport/accounts/ids.hpp"

namespace sallyport {
namespace {

using namespace std::chrono_literals;

TEST(Uuid, Version7HasTheBitsOfItsRfc) {
  FastRandom random(1);
  // RFC 9562, appendix A.6: 2022-02-22T19:22:22Z.
  const Uuid made = Uuid::v7(WallTime(1'645'557'742'000ms), random);
  const std::string text = made.to_string();
  EXPECT_EQ(text.substr(0, 15), "017f22e2-79b0-7");
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
}

TEST(Uuid, LaterOnesSortLater) {
  FastRandom random(1);
  std::set<std::string> seen;
  std::string last;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = Uuid::v7(WallTime(1'645'557'742'000ms + i * 1ms), random).to_string();
    EXPECT_LT(last, text);
    last = text;
    seen.insert(text);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Uuid, ReadsExactlyWhatItWrites) {
  const std::string text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
  ASSERT_TRUE(Uuid::parse(text).has_value());
  EXPECT_EQ(Uuid::parse(text)->to_string(), text);
  EXPECT_EQ(Uuid().to_string(), "00000000-0000-0000-0000-000000000000");
  const std::string rows[] = {"",
                              text + "0",
                              text.substr(1),
                              "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
                              "{" + text.substr(2) + "}",
                              "017f22e279b0-7cc3-98c4-dc0c0c07398f0",
                              "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
                              "017f22e2-79b07-cc3-98c4-dc0c0c07398f"};
  for (const std::string& row : rows) EXPECT_FALSE(Uuid::parse(row).has_value()) << row;
}

TEST(Id, KnowsWhatItNames) {
  static_assert(!std::is_convertible_v<accounts::UserId, accounts::SessionId>);
  static_assert(!std::is_constructible_v<accounts::UserId, accounts::SessionId>);
  EXPECT_EQ(accounts::UserId::parse("no id"), std::nullopt);
}

}  // namespace
}  // namespace sallyport
