#include <algorithm>
#include <thread>

#include "account_rig.hpp"

namespace sallyport::accounts {
namespace {

class ChangeContract : public AccountContract {
 protected:
  Rig rig{database};

  using PasswordOutcome = std::variant<PasswordSet, WrongPassword, WeakPassword, AccountLocked>;
  PasswordOutcome change_password(const LoggedIn& login, const std::string& current, const std::string& next) {
    return rig.run([&] {
      return rig.service.change_password(
          NewPassword{login.tokens.user, login.tokens.session, Secret<std::string>(current), Secret<std::string>(next)},
          {}, rig.soon());
    });
  }
  using ChangeOutcome = std::variant<User, UserNotFound, LastAdmin>;
  ChangeOutcome change(UserChange change, std::optional<UserId> actor = std::nullopt) {
    return rig.run([&] { return rig.service.change_user(change, {.actor = actor}, rig.soon()); });
  }
};

TEST_P(ChangeContract, ANewPasswordEndsAllOtherSessions) {
  rig.add_user();
  const auto here = rig.login();
  const auto there = rig.login();
  EXPECT_TRUE(std::holds_alternative<PasswordSet>(change_password(here, "correct horse", "battery staple")));
  EXPECT_EQ(code_of(rig.refresh(there.tokens.refresh_token)), "session_revoked");
  rig.refreshed(here.tokens.refresh_token);
  EXPECT_EQ(rig.denylist.denied, std::vector<SessionId>(1, there.tokens.session));
  EXPECT_EQ(database.number("SELECT credential_version FROM users"), 2);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM audit_events WHERE type = 'password.changed'"), 1);
  const auto old = rig.run([&] {
    return rig.service.login(Login{"ada@example.com", Secret<std::string>("correct horse"), here.device_cookie}, {},
                             rig.soon());
  });
  EXPECT_TRUE(std::holds_alternative<InvalidCredentials>(old));
}

TEST_P(ChangeContract, GuessingTheCurrentPasswordEndsTheSessionThatGuesses) {
  rig.add_user();
  const auto stolen = rig.login();
  const auto owner = rig.login();
  for (int i = 1; i <= 5; ++i) {
    const auto outcome = change_password(stolen, "wrong password", "battery staple");
    ASSERT_TRUE(std::holds_alternative<WrongPassword>(outcome));
    EXPECT_EQ(std::get<WrongPassword>(outcome).session_ended, i == 5) << i;
  }
  EXPECT_TRUE(std::holds_alternative<AccountLocked>(change_password(stolen, "correct horse", "battery staple")));
  EXPECT_EQ(code_of(rig.refresh(stolen.tokens.refresh_token)), "session_revoked");
  EXPECT_EQ(rig.denylist.denied, std::vector<SessionId>(1, stolen.tokens.session));
  rig.refreshed(owner.tokens.refresh_token);
  EXPECT_TRUE(std::holds_alternative<PasswordSet>(change_password(owner, "correct horse", "battery staple")));
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM sessions WHERE ended_reason = 'password_guessing'"), 1);
}

TEST_P(ChangeContract, GuessingSlowlyEndsTheSessionToo) {
  rig.add_user();
  const auto stolen = rig.login();
  SteadyTime over;
  rig.passwords.at_work = [&] {
    while (rig.clock.now() < over) std::this_thread::yield();
  };
  for (int i = 1; i <= 5; ++i) {
    over = rig.clock.now() + 300ms;
    const auto outcome = rig.run([&] {
      NewPassword guess{stolen.tokens.user, stolen.tokens.session, Secret<std::string>("wrong password"),
                        Secret<std::string>("battery staple")};
      return rig.service.change_password(std::move(guess), {}, Deadline(over));
    });
    ASSERT_TRUE(std::holds_alternative<WrongPassword>(outcome));
    EXPECT_EQ(std::get<WrongPassword>(outcome).session_ended, i == 5) << i;
  }
  EXPECT_EQ(code_of(rig.refresh(stolen.tokens.refresh_token)), "session_revoked");
  EXPECT_EQ(rig.denylist.denied, std::vector<SessionId>(1, stolen.tokens.session));
}

TEST_P(ChangeContract, AWeakNewPasswordIsToldBeforeTheOldOneIsTried) {
  rig.add_user();
  const auto login = rig.login();
  EXPECT_TRUE(std::holds_alternative<WeakPassword>(change_password(login, "wrong password", "short")));
  EXPECT_TRUE(rig.guard.failures.size() == 1 && rig.guard.leases == 0);
}

TEST_P(ChangeContract, OfTwoWhoChangeThePasswordAtOnceOneDoes) {
  const UserId ada = rig.add_user();
  using R = std::optional<std::vector<SessionId>>;
  const std::vector<std::function<runtime::Task<Result<R>>()>> work(5, [&] {
    return rig.repository.change_password({ada, 1, Secret<std::string>("plain:battery staple"), std::nullopt}, {},
                                          rig.soon());
  });
  const auto results = rig.run_all<R>(work);
  EXPECT_EQ(std::ranges::count_if(results, [](const auto& result) { return result && result->has_value(); }), 1);
  EXPECT_EQ(database.number("SELECT credential_version FROM users"), 2);
}

TEST_P(ChangeContract, AChangeOfRoleOrStatusEndsTheUsersSessions) {
  const UserId root = rig.add_user("root@example.com", Role::Admin);
  const UserId ada = rig.add_user();
  const auto admin_login = rig.login("root@example.com");
  struct Row {
    UserChange change;
    const char* event;
    const char* before;
    const char* after;
  };
  const Row rows[] = {
      {{ada, Role::Admin, std::nullopt}, "role.changed", "user", "admin"},
      {{ada, Role::User, std::nullopt}, "role.changed", "admin", "user"},
      {{ada, std::nullopt, UserStatus::Disabled}, "user.disabled", "active", "disabled"},
  };
  for (const Row& row : rows) {
    const auto login = rig.login();
    rig.denylist.denied.clear();
    const auto changed = change(row.change, root);
    ASSERT_TRUE(std::holds_alternative<User>(changed)) << row.event;
    EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "session_revoked") << row.event;
    EXPECT_EQ(rig.denylist.denied, std::vector<SessionId>(1, login.tokens.session)) << row.event;
    const auto found = rig.run([&] { return rig.repository.audit_events({.limit = 1}, rig.soon()); });
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].type, row.event);
    EXPECT_EQ(found[0].actor_id, root.to_string());
    EXPECT_EQ(found[0].subject_id, ada.to_string());
    EXPECT_EQ(found[0].details,
              std::string(R"({"before":")") + row.before + R"(","after":")" + row.after + R"(","sessions_ended":"1"})");
  }
  EXPECT_EQ(database.number("SELECT credential_version FROM users WHERE email = 'ada@example.com'"), 2);
  rig.refreshed(admin_login.tokens.refresh_token);

  EXPECT_TRUE(std::holds_alternative<User>(change({ada, std::nullopt, UserStatus::Active}, root)));
  const auto back = rig.login();
  EXPECT_TRUE(std::holds_alternative<User>(change({ada, Role::User, UserStatus::Active}, root)));
  rig.refreshed(back.tokens.refresh_token);
}

// The last access token of a session lives on for its own time: who was disabled must not go on with it.
TEST_P(ChangeContract, ASessionThatHasJustExpiredIsDeniedLikeAnOpenOne) {
  const UserId ada = rig.add_user();
  const auto long_over = rig.login();
  pass_time(database, std::chrono::days(2));
  const auto just_over = rig.login();
  pass_time(database, std::chrono::days(30) + 60s);
  EXPECT_TRUE(std::holds_alternative<User>(change({ada, std::nullopt, UserStatus::Disabled})));
  EXPECT_EQ(rig.denylist.denied, std::vector<SessionId>(1, just_over.tokens.session));
  EXPECT_EQ(rig.run([&] { return rig.service.republish_ended(rig.soon()); }), 1U);
  EXPECT_EQ(code_of(rig.refresh(just_over.tokens.refresh_token)), "session_revoked");
  EXPECT_EQ(code_of(rig.refresh(long_over.tokens.refresh_token)), "session_revoked") << "the user is disabled";
}

TEST_P(ChangeContract, TheLastActiveAdminStays) {
  const UserId root = rig.add_user("root@example.com", Role::Admin);
  const UserId second = rig.add_user("second@example.com", Role::Admin);
  EXPECT_TRUE(std::holds_alternative<User>(change({second, std::nullopt, UserStatus::Disabled})));
  EXPECT_TRUE(std::holds_alternative<LastAdmin>(change({root, Role::User, std::nullopt})));
  EXPECT_TRUE(std::holds_alternative<LastAdmin>(change({root, std::nullopt, UserStatus::Disabled})));
  EXPECT_TRUE(std::holds_alternative<User>(change({second, Role::User, std::nullopt}))) << "it is disabled anyway";
  EXPECT_TRUE(std::holds_alternative<UserNotFound>(change({UserId::make(rig.clock.wall_now(), rig.random)})));
}

TEST_P(ChangeContract, AdminsWhoDemoteEachOtherAtOnceLeaveOne) {
  using R = ChangeOutcome;
  for (int round = 0; round < 10; ++round) {
    std::vector<UserId> admins;
    for (int i = 0; i < 4; ++i) {
      admins.push_back(
          rig.add_user("a" + std::to_string(round) + "-" + std::to_string(i) + "@example.com", Role::Admin));
    }
    std::vector<std::function<runtime::Task<Result<R>>()>> work;
    for (const UserId& admin : admins) {
      work.emplace_back(
          [&, admin] { return rig.service.change_user({admin, Role::User, std::nullopt}, {}, rig.soon()); });
    }
    int demoted = 0;
    for (const auto& result : rig.run_all<R>(work)) {
      ASSERT_TRUE(result.has_value()) << result.error().detail;
      demoted += std::holds_alternative<User>(*result) ? 1 : 0;
    }
    ASSERT_EQ(demoted, 3);
    ASSERT_EQ(database.number("SELECT COUNT(*) FROM users WHERE role = 'admin'"), 1);
    database.run("UPDATE users SET role = 'user'");
  }
}

TEST_P(ChangeContract, RevokingCountsTheOpenSessions) {
  const UserId ada = rig.add_user();
  rig.login();
  rig.login();
  EXPECT_EQ(rig.run([&] { return rig.service.revoke_sessions(ada, {}, rig.soon()); }), 2U);
  EXPECT_EQ(rig.run([&] { return rig.service.revoke_sessions(ada, {}, rig.soon()); }), 0U);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM audit_events WHERE type = 'session.ended'"), 2)
      << "what an administrator did is on record even when there was nothing to end";
}

TEST_P(ChangeContract, UsersAreFoundByPartOfTheirAddressAndByPages) {
  for (int i = 0; i < 7; ++i) rig.add_user("user" + std::to_string(i) + "@example.com");
  rig.add_user("per%cent_@example.org");
  const auto emails = [&](UserQuery query) {
    std::vector<std::string> found;
    while (true) {
      const auto page = rig.run([&] { return rig.repository.list_users(query, rig.soon()); });
      if (page.empty()) return found;
      EXPECT_LE(page.size(), static_cast<std::size_t>(query.limit));
      for (const User& user : page) found.push_back(user.email);
      query.after = page.back().id;
    }
  };
  EXPECT_EQ(emails({.limit = 3}).size(), 8U);
  EXPECT_EQ(emails({.email_part = "user", .limit = 2}).size(), 7U);
  EXPECT_EQ(emails({.email_part = "%"}), std::vector<std::string>{"per%cent_@example.org"});
  EXPECT_EQ(emails({.email_part = "t_@"}), std::vector<std::string>{"per%cent_@example.org"});
  EXPECT_EQ(emails({.email_part = "!"}).size(), 0U);
  EXPECT_EQ(emails({.email_part = "' OR ''='"}).size(), 0U);
  EXPECT_EQ(emails({.status = UserStatus::Disabled}).size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Engines, ChangeContract, ::testing::Values(Engine::Sqlite, Engine::PostgreSql), engine_name);

}  // namespace

TEST(AdminRole, IsEnoughForWhatTheAdminServiceChanges) {
  TestDatabase database(Engine::PostgreSql);
  database.create_roles();
  Rig auth(database, {.role = "sallyport_auth"});
  Rig admin(database, {.role = "sallyport_admin"});
  const UserId root = auth.add_user("root@example.com", Role::Admin);
  const UserId ada = auth.add_user();
  const auto login = auth.login();
  auth.refreshed(login.tokens.refresh_token);
  const RequestOrigin origin{.actor = root};
  EXPECT_EQ(admin.run([&] { return admin.repository.list_users({}, admin.soon()); }).size(), 2U);
  EXPECT_TRUE(admin.run([&] { return admin.service.me(ada, admin.soon()); }).has_value());
  EXPECT_EQ(admin.run([&] { return admin.service.revoke_sessions(ada, origin, admin.soon()); }), 1U);
  EXPECT_TRUE(admin.run([&] { return admin.service.unlock(ada, origin, admin.soon()); }));
  const auto changed =
      admin.run([&] { return admin.service.change_user({ada, Role::Admin, std::nullopt}, origin, admin.soon()); });
  EXPECT_TRUE(std::holds_alternative<User>(changed));
  EXPECT_FALSE(admin.run([&] { return admin.repository.audit_events({}, admin.soon()); }).empty());
  EXPECT_EQ(auth.run([&] { return auth.service.republish_ended(auth.soon()); }), 1U);
  auth.run([&] { return auth.repository.clean(auth.soon()); });
}

}  // namespace sallyport::accounts
