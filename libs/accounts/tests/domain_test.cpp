#include <gtest/gtest.h>

#include "sallyport/accounts/audit_event.hpp"
#include "sallyport/accounts/rotation.hpp"
#include "sallyport/accounts/session.hpp"
#include "sallyport/accounts/user.hpp"

namespace sallyport::accounts {
namespace {

TEST(Email, HasOneForm) {
  EXPECT_EQ(Email::parse(" Ada.Lovelace+x@Example.COM\t")->text(), "ada.lovelace+x@example.com");
  EXPECT_EQ(Email::parse("a@b")->text(), "a@b");
  EXPECT_EQ(Email::parse("!#$%&'*+-/=?^_`{|}~.x@0-0.b--c")->text(), "!#$%&'*+-/=?^_`{|}~.x@0-0.b--c");
  EXPECT_EQ(Email::parse(std::string(64, 'a') + "@b.example")->text().size(), 74U);
}

TEST(Email, RefusesWhatIsNoPlainAddress) {
  const std::string rows[] = {"",
                              "a",
                              "@",
                              "a@",
                              "@b",
                              "a@b@c",
                              "a b@c",
                              "a@b c",
                              "a\n@b",
                              std::string("a\0@b", 4),
                              "\xc3\xa9@b",
                              "a@\xc3\xa9",
                              "\"a b\"@c",
                              "a@[192.0.2.1]",
                              "a@.b",
                              "a@b.",
                              "a@b..c",
                              "<a@b>",
                              "a@b,c@d",
                              std::string(65, 'a') + "@b",
                              "a@" + std::string(253, 'b'),
                              "a@b_c",
                              ".a@b",
                              "a.@b",
                              "a..b@c",
                              "a@-b",
                              "a@b-",
                              "a@b.-.c",
                              "a@" + std::string(64, 'b')};
  for (const std::string& row : rows) EXPECT_FALSE(Email::parse(row).has_value()) << row;
}

TEST(Names, AreTheStableOnes) {
  EXPECT_EQ(name_of(AuditType::UserRegistered), "user.registered");
  EXPECT_EQ(name_of(AuditType::TokenReuseDetected), "token.reuse_detected");
  EXPECT_EQ(name_of(AuditType::RateLimitReset), "rate_limit.reset");
  EXPECT_EQ(name_of(RefreshRefusal::ReuseDetected), "refresh_token_reuse_detected");
  EXPECT_EQ(name_of(RefreshRefusal::Expired), "refresh_token_expired");
  EXPECT_EQ(name_of(EndReason::TokenReuse), "token_reuse");
  EXPECT_EQ(parse_role("admin"), Role::Admin);
  EXPECT_EQ(parse_role("Admin"), std::nullopt);
  EXPECT_EQ(parse_user_status("disabled"), UserStatus::Disabled);
  EXPECT_EQ(parse_audit_type("login.failed"), AuditType::LoginFailed);
  EXPECT_EQ(parse_end_reason(""), std::nullopt);
}

TEST(Names, OnlyReuseIsCritical) {
  for (int i = 0; i <= static_cast<int>(AuditType::RateLimitReset); ++i) {
    const auto type = static_cast<AuditType>(i);
    EXPECT_EQ(severity_of(type) == AuditSeverity::Critical, type == AuditType::TokenReuseDetected) << name_of(type);
  }
}

}  // namespace
}  // namespace sallyport::accounts
