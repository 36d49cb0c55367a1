#include <algorithm>

#include "account_rig.hpp"

namespace sallyport::accounts {
namespace {

class SessionContract : public AccountContract {
 protected:
  Rig rig{database};

  std::int64_t count(const std::string& what) { return database.number("SELECT COUNT(*) FROM " + what); }
};

TEST_P(SessionContract, ALogoutEndsItsSessionAndMayBeRepeated) {
  rig.add_user();
  const auto one = rig.login();
  const auto two = rig.login();
  for (int i = 0; i < 2; ++i) rig.run([&] { return rig.service.logout(one.tokens.refresh_token, {}, rig.soon()); });
  EXPECT_EQ(rig.denylist.denied, std::vector<SessionId>(1, one.tokens.session));
  EXPECT_EQ(count("audit_events WHERE type = 'session.ended'"), 1);
  EXPECT_EQ(count("sessions WHERE ended_reason = 'logout'"), 1);
  rig.refreshed(two.tokens.refresh_token);
}

TEST_P(SessionContract, ALogoutWithARotatedOrExpiredTokenIsNoReuse) {
  rig.add_user();
  const auto rotated = rig.login();
  const auto next = rig.refreshed(rotated.tokens.refresh_token);
  rig.run([&] { return rig.service.logout(rotated.tokens.refresh_token, {}, rig.soon()); });
  EXPECT_EQ(code_of(rig.refresh(next.refresh_token)), "session_revoked");

  const auto expired = rig.login();
  pass_time(database, std::chrono::days(15));
  rig.run([&] { return rig.service.logout(expired.tokens.refresh_token, {}, rig.soon()); });
  EXPECT_EQ(code_of(rig.refresh(expired.tokens.refresh_token)), "session_revoked");
  EXPECT_EQ(count("audit_events WHERE type = 'token.reuse_detected'"), 0);
  EXPECT_EQ(count("sessions WHERE ended_reason = 'logout'"), 2);
}

TEST_P(SessionContract, ALogoutWithWhatIsNoTokenSucceedsAndEndsNothing) {
  rig.add_user();
  rig.login();
  for (const char* token : {"", "rt1.k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "nonsense"}) {
    rig.run([&] { return rig.service.logout(Secret<std::string>(token), {}, rig.soon()); });
  }
  EXPECT_EQ(count("sessions WHERE ended_at IS NOT NULL"), 0);
}

TEST_P(SessionContract, ALogoutFromEverywhereEndsAllOpenSessionsOfOneUser) {
  const UserId ada = rig.add_user();
  rig.add_user("bob@example.com");
  const auto one = rig.login();
  const auto two = rig.login();
  const auto bob = rig.login("bob@example.com");
  rig.run([&] { return rig.service.logout_all(ada, {}, rig.soon()); });
  EXPECT_EQ(code_of(rig.refresh(one.tokens.refresh_token)), "session_revoked");
  EXPECT_EQ(code_of(rig.refresh(two.tokens.refresh_token)), "session_revoked");
  EXPECT_EQ(rig.denylist.denied.size(), 2U);
  rig.refreshed(bob.tokens.refresh_token);
  EXPECT_EQ(count("refresh_tokens WHERE revoked_at IS NULL"), 1);

  rig.run([&] { return rig.service.logout_all(ada, {}, rig.soon()); });
  EXPECT_EQ(rig.denylist.denied.size(), 2U) << "nothing was left to end";
}

TEST_P(SessionContract, OnlyOwnOpenSessionsAreListed) {
  const UserId ada = rig.add_user();
  const UserId bob = rig.add_user("bob@example.com");
  const auto old = rig.login();
  pass_time(database, std::chrono::days(31));
  const auto ended = rig.login();
  rig.run([&] { return rig.service.logout(ended.tokens.refresh_token, {}, rig.soon()); });
  const auto current = rig.login();
  const auto other = rig.login();
  rig.login("bob@example.com");
  const auto listed = rig.run([&] { return rig.service.sessions(ada, current.tokens.session, rig.soon()); });
  ASSERT_EQ(listed.size(), 2U);
  for (const auto& entry : listed) {
    EXPECT_EQ(entry.current, entry.session.id == current.tokens.session);
    EXPECT_TRUE(entry.current || entry.session.id == other.tokens.session);
    EXPECT_EQ(entry.session.user, ada);
  }
  EXPECT_EQ(rig.run([&] { return rig.service.sessions(bob, current.tokens.session, rig.soon()); }).size(), 1U);
  EXPECT_EQ(code_of(rig.refresh(old.tokens.refresh_token)), "refresh_token_expired");
}

TEST_P(SessionContract, ASessionCanBeDeletedByItsOwnerOnly) {
  const UserId ada = rig.add_user();
  const UserId bob = rig.add_user("bob@example.com");
  const auto session = rig.login();
  const SessionId id = session.tokens.session;
  EXPECT_FALSE(rig.run([&] { return rig.service.delete_session(bob, id, {}, rig.soon()); }));
  rig.refreshed(session.tokens.refresh_token);
  EXPECT_TRUE(rig.run([&] { return rig.service.delete_session(ada, id, {}, rig.soon()); }));
  EXPECT_FALSE(rig.run([&] { return rig.service.delete_session(ada, id, {}, rig.soon()); }));
  EXPECT_EQ(rig.denylist.denied, std::vector<SessionId>(1, id));
}

TEST_P(SessionContract, WhatAClientSaysOfItselfIsStoredCleanAndShort) {
  const UserId ada = rig.add_user();
  RequestOrigin origin{
      .address = "2001:db8::1", .user_agent = "Mozilla\r\n\x01\xff\xc3" + std::string(100'000, 'x'), .request_id = "r"};
  origin.user_agent += '\0';
  const auto session = rig.run([&] {
    return rig.service.login(Login{"ada@example.com", Secret<std::string>("correct horse"), std::nullopt}, origin,
                             rig.soon());
  });
  ASSERT_TRUE(std::holds_alternative<LoggedIn>(session));
  const auto listed = rig.run([&] { return rig.repository.list_sessions(ada, rig.soon()); });
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].address, "2001:db8::1");
  EXPECT_EQ(listed[0].user_agent->size(), 256U);
  EXPECT_TRUE(listed[0].user_agent->starts_with("Mozilla?????xxx"));
}

TEST_P(SessionContract, SessionsEndedLatelyAreDeniedAgainPageByPage) {
  const UserId ada = rig.add_user();
  const auto old = rig.login();
  rig.run([&] { return rig.service.logout(old.tokens.refresh_token, {}, rig.soon()); });
  pass_time(database, 900s + 61s);
  std::set<SessionId> ended;
  for (int i = 0; i < 3; ++i) ended.insert(rig.login().tokens.session);
  const auto open = rig.login();
  rig.run([&] { return rig.repository.end_all_sessions(ada, EndReason::AdminRevoked, {}, rig.soon()); });
  ended.insert(open.tokens.session);
  const auto still_open = rig.login();

  // Ended in one statement, so with one time: the page must not lose any of them.
  std::set<SessionId> seen;
  std::optional<EndedSession> last;
  while (true) {
    const auto page = rig.run([&] { return rig.repository.ended_within(960s, last, 3, rig.soon()); });
    if (page.empty()) break;
    for (const auto& entry : page) EXPECT_TRUE(seen.insert(entry.id).second);
    last = page.back();
  }
  EXPECT_EQ(seen, ended);
  rig.denylist.denied.clear();
  EXPECT_EQ(rig.run([&] { return rig.service.republish_ended(rig.soon()); }), 4U);
  EXPECT_FALSE(seen.contains(still_open.tokens.session));
}

TEST_P(SessionContract, TheCleanupKeepsWhatARefreshMayStillAskFor) {
  rig.add_user();
  Secret<std::string> token = rig.login().tokens.refresh_token;
  for (int i = 0; i < 120; ++i) token = rig.refreshed(token).refresh_token;
  pass_time(database, std::chrono::days(32));  // 122 tokens and a session to go
  const auto ended = rig.login();
  rig.run([&] { return rig.service.logout(ended.tokens.refresh_token, {}, rig.soon()); });
  const auto rotated = rig.login();
  rig.refreshed(rotated.tokens.refresh_token);
  const auto unused = rig.login();
  pass_time(database, std::chrono::days(20));  // unused has expired, its session has not

  auto cleaned = rig.run([&] { return rig.repository.clean(rig.soon()); });
  EXPECT_EQ(cleaned.tokens, 100U);
  EXPECT_EQ(cleaned.sessions, 0U) << "its tokens come first";
  EXPECT_TRUE(cleaned.more);
  cleaned = rig.run([&] { return rig.repository.clean(rig.soon()); });
  EXPECT_EQ(cleaned.tokens, 21U);
  EXPECT_EQ(cleaned.sessions, 1U);
  EXPECT_FALSE(cleaned.more);
  cleaned = rig.run([&] { return rig.repository.clean(rig.soon()); });
  EXPECT_EQ(cleaned.tokens + cleaned.sessions, 0U);

  EXPECT_EQ(code_of(rig.refresh(token)), "invalid_refresh_token");
  EXPECT_EQ(code_of(rig.refresh(ended.tokens.refresh_token)), "session_revoked");
  EXPECT_EQ(code_of(rig.refresh(unused.tokens.refresh_token)), "refresh_token_expired");
  EXPECT_EQ(code_of(rig.refresh(rotated.tokens.refresh_token)), "refresh_token_reuse_detected");
}

TEST_P(SessionContract, TheCleanupLeavesASessionThatExpiredToday) {
  rig.add_user();
  const auto login = rig.login();
  pass_time(database, std::chrono::days(30) + 1h);
  const auto cleaned = rig.run([&] { return rig.repository.clean(rig.soon()); });
  EXPECT_EQ(cleaned.tokens + cleaned.sessions, 0U);
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "refresh_token_expired");
}

INSTANTIATE_TEST_SUITE_P(Engines, SessionContract, ::testing::Values(Engine::Sqlite, Engine::PostgreSql), engine_name);

}  // namespace
}  // namespace sallyport::accounts
