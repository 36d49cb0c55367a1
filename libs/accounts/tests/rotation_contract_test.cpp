#include "account_rig.hpp"

namespace sallyport::accounts {
namespace {

using RotationContract = AccountContract;

constexpr const char* kKey = "0123456789abcdefghijkl";
constexpr const char* kOtherKey = "another-key-0123456789";

std::int64_t unrevoked(TestDatabase& database) {
  return database.number("SELECT COUNT(*) FROM refresh_tokens WHERE revoked_at IS NULL");
}
std::int64_t events(TestDatabase& database, const std::string& type) {
  return database.number("SELECT COUNT(*) FROM audit_events WHERE type = '" + type + "'");
}

TEST_P(RotationContract, ExchangesATokenForASuccessorThatWorks) {
  Rig rig(database);
  const UserId user = rig.add_user();
  const auto login = rig.login();
  EXPECT_EQ(login.tokens.refresh_expires_in, std::chrono::days(14));
  EXPECT_EQ(login.tokens.expires_in, 900s);

  const auto first = rig.refreshed(login.tokens.refresh_token);
  EXPECT_NE(first.refresh_token.expose(), login.tokens.refresh_token.expose());
  EXPECT_EQ(first.session, login.tokens.session);
  EXPECT_EQ(first.access_token.expose(), user.to_string() + " " + first.session.to_string() + " user");
  EXPECT_EQ(first.refresh_expires_in, std::chrono::days(14));
  const auto second = rig.refreshed(first.refresh_token);
  EXPECT_NE(second.refresh_token.expose(), first.refresh_token.expose());

  EXPECT_EQ(unrevoked(database), 1);
  EXPECT_EQ(events(database, "token.refreshed"), 2);
}

TEST_P(RotationContract, TheTokenItselfIsNeverStored) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  const std::string token(login.tokens.refresh_token.expose());
  const std::string mac = token.substr(token.rfind('.') + 1);
  auto rows = database.direct().query("SELECT token_hash, nonce, key_id FROM refresh_tokens");
  ASSERT_TRUE(rows.has_value());
  ASSERT_EQ(rows->size(), 1U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(rows->front().text(i).find(mac), std::string::npos);
  EXPECT_EQ(rig.log_text().find(mac), std::string::npos);
}

TEST_P(RotationContract, AnImmediateReplayEndsAllSessionsOfTheUser) {
  Rig rig(database);
  rig.add_user();
  rig.add_user("bob@example.com");
  const auto bob = rig.login("bob@example.com");
  const auto stolen = rig.login();
  const auto other_device = rig.login();
  const auto thief = rig.refreshed(stolen.tokens.refresh_token);

  EXPECT_EQ(code_of(rig.refresh(stolen.tokens.refresh_token)), "refresh_token_reuse_detected");

  EXPECT_EQ(code_of(rig.refresh(other_device.tokens.refresh_token)), "refresh_token_reuse_detected");
  EXPECT_EQ(code_of(rig.refresh(thief.refresh_token)), "refresh_token_reuse_detected");
  EXPECT_EQ(unrevoked(database), 1) << "Bob's";
  EXPECT_EQ(events(database, "token.reuse_detected"), 1);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM audit_events WHERE severity = 'critical'"), 1);
  EXPECT_EQ(database.number("SELECT credential_version FROM users WHERE email = 'ada@example.com'"), 2);
  EXPECT_EQ(std::set<SessionId>(rig.denylist.denied.begin(), rig.denylist.denied.end()),
            (std::set<SessionId>{stolen.tokens.session, other_device.tokens.session}));
  rig.refreshed(bob.tokens.refresh_token);
}

TEST_P(RotationContract, AReplayIsReuseInAProcessThatDidNotRotate) {
  Rig rig(database);
  Rig other(database);
  rig.add_user();
  const auto login = rig.login();
  rig.refreshed(login.tokens.refresh_token);
  EXPECT_EQ(code_of(other.refresh(login.tokens.refresh_token)), "refresh_token_reuse_detected");
}

TEST_P(RotationContract, AStaleDeviceCannotEndALaterLogin) {
  Rig rig(database);
  rig.add_user();
  const auto old = rig.login();
  const auto successor = rig.refreshed(old.tokens.refresh_token);
  rig.refresh(old.tokens.refresh_token);
  rig.denylist.denied.clear();
  const auto fresh = rig.login();

  EXPECT_EQ(code_of(rig.refresh(old.tokens.refresh_token)), "refresh_token_reuse_detected");
  EXPECT_EQ(code_of(rig.refresh(successor.refresh_token)), "refresh_token_reuse_detected");
  EXPECT_TRUE(rig.denylist.denied.empty());
  EXPECT_EQ(events(database, "token.reuse_detected"), 1);
  rig.refreshed(fresh.tokens.refresh_token);
}

TEST_P(RotationContract, ATokenOfAnEndedSessionIsRevokedAndEndsNothingElse) {
  Rig rig(database);
  rig.add_user();
  const auto gone = rig.login();
  const auto rotated = rig.refreshed(gone.tokens.refresh_token);
  const auto kept = rig.login();
  rig.run([&] { return rig.service.logout(rotated.refresh_token, {}, rig.soon()); });

  EXPECT_EQ(code_of(rig.refresh(rotated.refresh_token)), "session_revoked");
  EXPECT_EQ(code_of(rig.refresh(gone.tokens.refresh_token)), "session_revoked");
  rig.refreshed(kept.tokens.refresh_token);
}

TEST_P(RotationContract, ADisabledUserGetsNothing) {
  Rig rig(database);
  const UserId user = rig.add_user();
  const auto login = rig.login();
  // Not through the service, which would end the session as well.
  database.run("UPDATE users SET status = 'disabled' WHERE id = '" + user.to_string() + "'");
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "session_revoked");
  EXPECT_EQ(unrevoked(database), 1);
}

TEST_P(RotationContract, TheSameKeyGivesTheSameSuccessorThreeTimes) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  const auto first = rig.refreshed(login.tokens.refresh_token, kKey);
  for (int i = 0; i < kReplaysMax; ++i) {
    const auto again = rig.refreshed(login.tokens.refresh_token, kKey);
    EXPECT_EQ(again.refresh_token.expose(), first.refresh_token.expose());
    EXPECT_EQ(again.session, first.session);
  }
  EXPECT_EQ(events(database, "token.replayed"), 3);
  EXPECT_EQ(events(database, "token.refreshed"), 1);
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token, kKey)), "refresh_token_reuse_detected");
}

TEST_P(RotationContract, TheReplayedSuccessorWorks) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  rig.refreshed(login.tokens.refresh_token, kKey);
  const auto again = rig.refreshed(login.tokens.refresh_token, kKey);
  rig.refreshed(again.refresh_token, kOtherKey);
  EXPECT_EQ(events(database, "token.reuse_detected"), 0);
}

struct KeyRow {
  const char* name;
  std::string key;
  std::chrono::microseconds wait;
  bool rotate_successor;
};

TEST_P(RotationContract, AReplayThatIsNotExactlyTheLostAnswersIsReuse) {
  const KeyRow rows[] = {
      {"another key", kOtherKey, 0s, false},
      {"no key", "", 0s, false},
      {"too late", kKey, 10min + 1s, false},
      {"the successor has been used", kKey, 0s, true},
      {"the successor has expired", kKey, std::chrono::days(14) + 1s, false},
  };
  Rig rig(database);
  int n = 0;
  for (const auto& row : rows) {
    const std::string email = "user" + std::to_string(n++) + "@example.com";
    rig.add_user(email);
    const auto login = rig.login(email);
    const auto next = rig.refreshed(login.tokens.refresh_token, kKey);
    if (row.rotate_successor) rig.refreshed(next.refresh_token);
    pass_time(database, row.wait);
    EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token, row.key)), "refresh_token_reuse_detected") << row.name;
  }
}

TEST_P(RotationContract, AKeyServesOneRotationOfASessionAndItsRefusalConsumesNothing) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  const auto second = rig.refreshed(login.tokens.refresh_token, kKey);
  EXPECT_EQ(code_of(rig.refresh(second.refresh_token, kKey)), "idempotency_key_reused");
  const auto third = rig.refreshed(second.refresh_token);
  EXPECT_EQ(code_of(rig.refresh(third.refresh_token, kKey)), "idempotency_key_reused");
  rig.refreshed(third.refresh_token, kOtherKey);

  // Another session may happen to use the same one.
  const auto other = rig.login();
  rig.refreshed(other.tokens.refresh_token, kKey);
}

TEST_P(RotationContract, AnIdempotencyKeyThatCouldBeGuessedIsRefused) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  for (const std::string& key : {std::string("short"), std::string(21, 'x'), std::string(256, 'x'),
                                 std::string("0123456789abcdefghij l"), std::string("0123456789abcdefghi\xc3\xa9l")}) {
    EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token, key)), "validation_failed") << key;
  }
  rig.refreshed(login.tokens.refresh_token, std::string(255, 'x'));
}

TEST_P(RotationContract, WhatIsNoTokenOfOursIsInvalid) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  const std::string good(login.tokens.refresh_token.expose());
  const std::string mac = good.substr(good.rfind('.') + 1);
  const std::string rows[] = {"",
                              "rt1",
                              "rt1.k1.",
                              good + "=",
                              good + " ",
                              "rt2.k1." + mac,
                              "rt1.k2." + mac,
                              "rt1.k1." + std::string(43, 'A'),
                              std::string(100'000, 'a'),
                              "rt1.k1.' OR 1=1 --"};
  for (const std::string& token : rows) {
    EXPECT_EQ(code_of(rig.refresh(Secret<std::string>(token))), "invalid_refresh_token") << token.substr(0, 60);
  }
  rig.refreshed(login.tokens.refresh_token);
}

TEST_P(RotationContract, ARowThatSomebodyPutIntoTheDatabaseYieldsNothing) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  // The hash is right, but no key of ours made it from this nonce.
  database.run("UPDATE refresh_tokens SET nonce = '" + std::string(64, '0') + "'");
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "invalid_refresh_token");
  EXPECT_EQ(unrevoked(database), 1);
  EXPECT_EQ(events(database, "token.refreshed"), 0);
  rig.run([&] { return rig.service.logout(login.tokens.refresh_token, {}, rig.soon()); });
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NOT NULL"), 0);
}

TEST_P(RotationContract, ATokenExpiresWhenItIsNotUsed) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  pass_time(database, std::chrono::days(14) + 1s);
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "refresh_token_expired");
  EXPECT_EQ(events(database, "token.reuse_detected"), 0);
}

TEST_P(RotationContract, ARotatedTokenIsReuseEvenAfterItsTime) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  rig.refreshed(login.tokens.refresh_token);
  pass_time(database, std::chrono::days(15));
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "refresh_token_reuse_detected");
}

TEST_P(RotationContract, NoRefreshKeepsASessionBeyondItsMaximum) {
  Rig rig(database);
  rig.add_user();
  auto token = rig.login().tokens.refresh_token;
  pass_time(database, std::chrono::days(10));
  token = rig.refreshed(token).refresh_token;
  pass_time(database, std::chrono::days(10));
  const auto near_end = rig.refreshed(token);
  EXPECT_LE(near_end.refresh_expires_in, std::chrono::days(10));
  EXPECT_GT(near_end.refresh_expires_in, std::chrono::days(10) - 60s);
  pass_time(database, std::chrono::days(10) + 1s);
  EXPECT_EQ(code_of(rig.refresh(near_end.refresh_token)), "refresh_token_expired");
  EXPECT_EQ(code_of(rig.refresh(token)), "refresh_token_expired") << "a session that is over has nothing to protect";
}

TEST_P(RotationContract, WithinTheGraceARotatedTokenGivesItsSuccessor) {
  Rig rig(database, {.lifetimes = {.refresh_grace = 30s}});
  rig.add_user();
  const auto login = rig.login();
  const auto first = rig.refreshed(login.tokens.refresh_token);
  pass_time(database, 20s);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(rig.refreshed(login.tokens.refresh_token).refresh_token.expose(), first.refresh_token.expose());
  }
  pass_time(database, 11s);
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "refresh_token_reuse_detected");
}

TEST_P(RotationContract, TheGraceEndsWhenTheSuccessorIsUsed) {
  Rig rig(database, {.lifetimes = {.refresh_grace = 30s}});
  rig.add_user();
  const auto login = rig.login();
  const auto first = rig.refreshed(login.tokens.refresh_token);
  rig.refreshed(first.refresh_token);
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "refresh_token_reuse_detected");
}

TEST_P(RotationContract, ADenylistThatIsAwayDelaysNoAnswer) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  rig.refreshed(login.tokens.refresh_token);
  rig.denylist.away = true;
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "refresh_token_reuse_detected");
  EXPECT_EQ(rig.observer.denylist_failures, 1);
  rig.denylist.away = false;
  EXPECT_EQ(rig.run([&] { return rig.service.republish_ended(rig.soon()); }), 1U);
  EXPECT_EQ(rig.denylist.denied, std::vector<SessionId>(1, login.tokens.session));
}

INSTANTIATE_TEST_SUITE_P(Engines, RotationContract, ::testing::Values(Engine::Sqlite, Engine::PostgreSql), engine_name);

}  // namespace
}  // namespace sallyport::accounts
