#include "sallyport/lockout/device_cookie.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sallyport/testing/fake_clock.hpp"

namespace sallyport::lockout {
namespace {

using std::chrono::days;
using std::chrono::seconds;

constexpr std::string_view kAlice = "0190b9a4-7c1e-7d2a-8f3b-1c2d3e4f5a6b";
constexpr std::string_view kBob = "0190b9a4-7c1e-7d2a-8f3b-1c2d3e4f5a6c";

crypto::HmacKey key(std::string kid, char fill) {
  return {std::move(kid), Secret<std::string>(std::string(32, fill))};
}

class DeviceCookiesTest : public ::testing::Test {
 protected:
  std::string issue(std::int64_t version = 1) { return cookies_.issue(kAlice, version, clock_.wall_now(), random_); }
  std::optional<std::string> verify(std::string_view value, std::string_view account = kAlice,
                                    std::int64_t version = 1) {
    return cookies_.verify(value, account, version, clock_.wall_now());
  }

  sallyport::testing::FakeClock clock_;
  FastRandom random_{3};
  DeviceCookies cookies_{crypto::HmacKeyRing({key("k1", 'a'), key("k0", 'b')})};
};

TEST_F(DeviceCookiesTest, IsReadBackForItsAccountOnly) {
  const std::string value = issue();
  const auto device = verify(value);
  ASSERT_TRUE(device);
  EXPECT_EQ(device->size(), 22U);
  EXPECT_FALSE(verify(value, kBob));
  EXPECT_EQ(value.find(kAlice), std::string::npos) << "names no account";
}

TEST_F(DeviceCookiesTest, IsVoidWhenTheCredentialVersionRises) {
  const std::string value = issue(7);
  EXPECT_TRUE(verify(value, kAlice, 7));
  EXPECT_FALSE(verify(value, kAlice, 8));
}

TEST_F(DeviceCookiesTest, LivesNinetyDays) {
  const std::string value = issue();
  clock_.advance(days(90) - seconds(1));
  EXPECT_TRUE(verify(value));
  clock_.advance(seconds(1));
  EXPECT_FALSE(verify(value));
}

TEST_F(DeviceCookiesTest, FromTheFutureIsTrustedWithinTheLeewayOnly) {
  const auto later = [&](seconds by) { return cookies_.issue(kAlice, 1, clock_.wall_now() + by, random_); };
  EXPECT_TRUE(verify(later(seconds(30))));
  EXPECT_FALSE(verify(later(seconds(31))));
}

TEST_F(DeviceCookiesTest, DevicesDifferAndOneCanBeRenewed) {
  const auto first = verify(issue());
  ASSERT_TRUE(first);
  EXPECT_NE(verify(issue()), first);
  clock_.advance(days(80));
  const std::string renewed = cookies_.issue(kAlice, 2, clock_.wall_now(), random_, *first);
  clock_.advance(days(80));
  EXPECT_EQ(verify(renewed, kAlice, 2), first);
}

TEST_F(DeviceCookiesTest, EveryKeyOfTheRingVerifiesAndTheFirstOneSigns) {
  const DeviceCookies old_ring(crypto::HmacKeyRing({key("k0", 'b')}));
  const DeviceCookies next_ring(crypto::HmacKeyRing({key("k2", 'c'), key("k1", 'a')}));
  const std::string old_value = old_ring.issue(kAlice, 1, clock_.wall_now(), random_);
  EXPECT_TRUE(verify(old_value));
  EXPECT_TRUE(issue().starts_with("d1.k1."));
  EXPECT_TRUE(next_ring.verify(issue(), kAlice, 1, clock_.wall_now()));
  EXPECT_FALSE(next_ring.verify(old_value, kAlice, 1, clock_.wall_now())) << "its key was dropped";
}

TEST_F(DeviceCookiesTest, AKeyUnderAnotherNameDoesNotVerify) {
  const DeviceCookies renamed(crypto::HmacKeyRing({key("k9", 'a')}));
  std::string value = issue();
  value.replace(3, 2, "k9");
  EXPECT_FALSE(renamed.verify(value, kAlice, 1, clock_.wall_now()));
}

TEST_F(DeviceCookiesTest, EveryChangedCharacterIsRefused) {
  const std::string value = issue();
  ASSERT_TRUE(verify(value));
  for (std::size_t i = 0; i < value.size(); ++i) {
    for (const char other :
         std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=\0", 67)) {
      if (value[i] == other) continue;
      std::string changed = value;
      changed[i] = other;
      EXPECT_FALSE(verify(changed)) << i << ' ' << static_cast<int>(other);
    }
  }
}

TEST_F(DeviceCookiesTest, EveryCutAndEveryLengtheningIsRefused) {
  const std::string value = issue();
  for (std::size_t i = 0; i < value.size(); ++i) {
    EXPECT_FALSE(verify(std::string_view(value).substr(0, i))) << i;
    EXPECT_FALSE(verify(std::string_view(value).substr(i + 1))) << i;
  }
  for (const char* more : {"A", ".", "=", " ", "\n", ".x"}) EXPECT_FALSE(verify(value + more)) << more;
  EXPECT_FALSE(verify(" " + value));
  EXPECT_FALSE(verify(std::string(1 << 20, '.')));
  EXPECT_FALSE(verify("d1.k1." + std::string(1 << 20, 'A')));
}

TEST_F(DeviceCookiesTest, AccountThatIsNoIdIsRefusedAndNotABug) {
  EXPECT_FALSE(verify(issue(), "a}b"));
  EXPECT_FALSE(verify(issue(), ""));
}

/// Genuine MACs over times that are not written as digits without a leading zero.
TEST_F(DeviceCookiesTest, IssuedHasOneSpelling) {
  for (const seconds since_epoch : {seconds(0), seconds(-5)}) {
    const WallTime then{std::chrono::duration_cast<WallTime::duration>(since_epoch)};
    const std::string value = cookies_.issue(kAlice, 1, then, random_);
    EXPECT_FALSE(cookies_.verify(value, kAlice, 1, then + seconds(1))) << value;
  }
  const WallTime first{std::chrono::duration_cast<WallTime::duration>(seconds(1))};
  EXPECT_TRUE(cookies_.verify(cookies_.issue(kAlice, 1, first, random_), kAlice, 1, first));
}

TEST(DeviceCookieText, SetAndClearCarryWhatTheHostPrefixDemands) {
  EXPECT_EQ(set_device_cookie("d1.v"),
            "__Host-device=d1.v; Path=/; Max-Age=7776000; Secure; HttpOnly; SameSite=Strict");
  EXPECT_EQ(clear_device_cookie(), "__Host-device=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
}

TEST(DeviceCookieText, IsFoundInTheCookieField) {
  struct Row {
    const char* name;
    std::string field;
    std::optional<std::string_view> value;
  };
  const std::vector<Row> rows = {
      {"alone", "__Host-device=v", "v"},
      {"between others", "a=1; __Host-device=v; b=2", "v"},
      {"odd white space", "a=1;__Host-device=v ;\tb=2", "v"},
      {"empty value", "__Host-device=", ""},
      {"value with equals signs", "__Host-device=a=b", "a=b"},
      {"absent", "a=1; b=2", std::nullopt},
      {"empty field", "", std::nullopt},
      {"name without a value", "__Host-device", std::nullopt},
      {"another case", "__host-device=v", std::nullopt},
      {"name that ends so", "x__Host-device=v", std::nullopt},
      {"name that begins so", "__Host-device2=v", std::nullopt},
      {"inside another's value", "a=__Host-device=v", std::nullopt},
      {"twice", "__Host-device=v; __Host-device=w", std::nullopt},
      {"twice the same", "__Host-device=v; __Host-device=v", std::nullopt},
      {"a megabyte of semicolons", std::string(1 << 20, ';'), std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(find_device_cookie(row.field), row.value) << row.name;
}

}  // namespace
}  // namespace sallyport::lockout
