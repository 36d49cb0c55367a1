#include <thread>

#include "account_rig.hpp"

namespace sallyport::accounts {
namespace {

class LoginContract : public AccountContract {
 protected:
  Rig rig{database};

  using Outcome = std::variant<LoggedIn, InvalidCredentials, AccountLocked>;
  Result<Outcome> try_login(const std::string& email, const std::string& password,
                            const std::optional<std::string>& device = std::nullopt) {
    return rig.attempt([&] {
      return rig.service.login(Login{email, Secret<std::string>(password), device}, {.address = "192.0.2.1"},
                               rig.soon());
    });
  }
  static std::string code_of(const Result<Outcome>& result) {
    if (!result) return std::string(info(result.error().code).code);
    if (std::holds_alternative<LoggedIn>(*result)) return "ok";
    return std::holds_alternative<AccountLocked>(*result) ? "account_locked" : "invalid_credentials";
  }
  std::int64_t events(const std::string& type) {
    return database.number("SELECT COUNT(*) FROM audit_events WHERE type = '" + type + "'");
  }
};

TEST_P(LoginContract, AnEmailIsOneAccountHoweverItIsWritten) {
  rig.add_user("  Ada@Example.COM ");
  EXPECT_EQ(code_of(try_login("ADA@example.com", "correct horse")), "ok");
  const auto again = rig.run([&] {
    return rig.service.register_user(Registration{"ada@EXAMPLE.com", Secret<std::string>("another one"), std::nullopt},
                                     {}, rig.soon());
  });
  EXPECT_TRUE(std::holds_alternative<EmailTaken>(again));
}

TEST_P(LoginContract, OfTwoWhoRegisterOneAddressAtOnceOneGetsIt) {
  using R = std::variant<User, EmailTaken, InvalidEmail, InvalidName, WeakPassword>;
  const std::vector<std::function<runtime::Task<Result<R>>()>> work(6, [&] {
    return rig.service.register_user(
        Registration{"ada@example.com", Secret<std::string>("correct horse"), std::nullopt}, {}, rig.soon());
  });
  int made = 0, taken = 0;
  for (const auto& result : rig.run_all<R>(work)) {
    ASSERT_TRUE(result.has_value()) << result.error().detail;
    made += std::holds_alternative<User>(*result) ? 1 : 0;
    taken += std::holds_alternative<EmailTaken>(*result) ? 1 : 0;
  }
  EXPECT_EQ(made, 1);
  EXPECT_EQ(taken, 5);
}

TEST_P(LoginContract, ARegistrationIsCheckedBeforeItCostsAnything) {
  const auto outcome = [&](Registration form) {
    return rig.run([&] { return rig.service.register_user(form, {}, rig.soon()); }).index();
  };
  const Secret<std::string> password("correct horse");
  EXPECT_EQ(outcome({"no address", password, std::nullopt}), 2U);
  EXPECT_EQ(outcome({"a@b.example", password, std::string()}), 3U);
  EXPECT_EQ(outcome({"a@b.example", password, std::string("a\0b", 3)}), 3U);
  EXPECT_EQ(outcome({"a@b.example", password, std::string(201, 'x')}), 3U);
  EXPECT_EQ(outcome({"a@b.example", Secret<std::string>("short"), std::nullopt}), 4U);
  std::string wide;
  for (int i = 0; i < 200; ++i) wide += "\xc3\xa9";
  EXPECT_EQ(outcome({"a@b.example", password, wide}), 0U) << "200 characters, however many bytes";
}

TEST_P(LoginContract, TheRegisteredUserComesBackWithoutItsHash) {
  const UserId id = rig.add_user();
  const auto user = rig.run([&] { return rig.service.me(id, rig.soon()); });
  ASSERT_TRUE(user.has_value());
  EXPECT_EQ(user->email, "ada@example.com");
  EXPECT_EQ(user->name, "Ada");
  EXPECT_EQ(user->role, Role::User);
  EXPECT_EQ(user->status, UserStatus::Active);
  const auto age = std::chrono::system_clock::now() - user->created_at;
  EXPECT_LT(age, 60s);
  EXPECT_GT(age, -60s);
  const auto nobody = UserId::make(rig.clock.wall_now(), rig.random);
  EXPECT_FALSE(rig.run([&] { return rig.service.me(nobody, rig.soon()); }).has_value());
}

TEST_P(LoginContract, UnknownDisabledAndWrongCostTheSameAndAnswerTheSame) {
  rig.add_user();
  const UserId gone = rig.add_user("gone@example.com");
  database.run("UPDATE users SET status = 'disabled' WHERE id = '" + gone.to_string() + "'");
  for (const char* email : {"ada@example.com", "gone@example.com", "nobody@example.com"}) {
    const int before = rig.passwords.verified + rig.passwords.burned;
    EXPECT_EQ(code_of(try_login(email, "wrong password")), "invalid_credentials") << email;
    EXPECT_EQ(rig.passwords.verified + rig.passwords.burned, before + 1) << email;
  }
  EXPECT_EQ(code_of(try_login("gone@example.com", "correct horse")), "invalid_credentials");
  EXPECT_EQ(code_of(try_login("ada@example.com", "not utf-8 \xff")), "invalid_credentials");
  EXPECT_EQ(code_of(try_login("' OR 1=1 --", "x")), "invalid_credentials");
  EXPECT_EQ(events("login.failed"), 5);
  EXPECT_EQ(rig.guard.leases, 0);
  EXPECT_EQ(rig.log_text().find("nobody@example.com"), std::string::npos) << "it may be a password in the wrong field";
}

TEST_P(LoginContract, TheFifthWrongPasswordLocksAndIsNotTheOneThatSaysSo) {
  const UserId ada = rig.add_user();
  for (const char* email : {"ada@example.com", "nobody@example.com"}) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(try_login(email, "wrong password")), "invalid_credentials");
    const int work = rig.passwords.verified + rig.passwords.burned;
    const auto locked = try_login(email, "correct horse");
    EXPECT_EQ(code_of(locked), "account_locked");
    EXPECT_EQ(std::get<AccountLocked>(*locked).retry_after, 600s);
    EXPECT_EQ(rig.passwords.verified + rig.passwords.burned, work);
  }
  EXPECT_EQ(events("account.locked"), 2);
  const UserId admin = rig.add_user("root@example.com", Role::Admin);
  EXPECT_TRUE(rig.run([&] { return rig.service.unlock(ada, {.actor = admin}, rig.soon()); }));
  EXPECT_EQ(code_of(try_login("ada@example.com", "correct horse")), "ok");
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM audit_events WHERE type = 'account.unlocked' AND actor_id = '" +
                            admin.to_string() + "' AND subject_id = '" + ada.to_string() + "'"),
            1);
  const auto nobody = UserId::make(rig.clock.wall_now(), rig.random);
  EXPECT_FALSE(rig.run([&] { return rig.service.unlock(nobody, {}, rig.soon()); }));
}

TEST_P(LoginContract, AKnownDeviceHasACountOfItsOwn) {
  rig.add_user();
  const auto first = try_login("ada@example.com", "correct horse");
  const std::string cookie = std::get<LoggedIn>(*first).device_cookie;
  for (int i = 0; i < 5; ++i) try_login("ada@example.com", "wrong password");
  EXPECT_EQ(code_of(try_login("ada@example.com", "correct horse")), "account_locked");
  EXPECT_EQ(code_of(try_login("ada@example.com", "correct horse", "forged/1/x")), "account_locked");
  const auto again = try_login("ada@example.com", "correct horse", cookie);
  ASSERT_EQ(code_of(again), "ok");
  EXPECT_EQ(std::get<LoggedIn>(*again).device_cookie, cookie) << "the device keeps its id";
}

TEST_P(LoginContract, WorkThatWasNotBegunIsNoGuess) {
  rig.add_user();
  rig.passwords.overloaded = true;
  EXPECT_EQ(code_of(try_login("ada@example.com", "wrong password")), "overloaded");
  EXPECT_EQ(rig.guard.not_tried, 1);
  EXPECT_EQ(rig.guard.leases, 0);
}

// Whoever sends a body slowly uses up the request's time, and must not thereby get rid of its trace.
TEST_P(LoginContract, AFailureIsOnRecordHoweverLateItComes) {
  const UserId ada = rig.add_user();
  SteadyTime over;
  rig.passwords.at_work = [&] {
    while (rig.clock.now() < over) std::this_thread::yield();
  };
  for (int i = 0; i < 5; ++i) {
    over = rig.clock.now() + 300ms;
    const auto late = rig.attempt([&] {
      return rig.service.login(Login{"ada@example.com", Secret<std::string>("wrong password"), std::nullopt}, {},
                               Deadline(over));
    });
    EXPECT_EQ(code_of(late), "invalid_credentials");
  }
  EXPECT_EQ(rig.guard.failures[ada.to_string()], 5);
  EXPECT_EQ(events("login.failed"), 5);
  EXPECT_EQ(events("account.locked"), 1);
  EXPECT_EQ(rig.observer.audit_failures, 0);
}

TEST_P(LoginContract, AResultAfterItsLeaseIsNotTold) {
  rig.add_user();
  rig.guard.lose_leases = true;
  EXPECT_EQ(code_of(try_login("ada@example.com", "correct horse")), "overloaded");
  EXPECT_EQ(code_of(try_login("ada@example.com", "wrong password")), "overloaded");
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM sessions"), 0);
  EXPECT_EQ(events("login.failed"), 0);
}

TEST_P(LoginContract, AnOldHashIsRenewedByALoginWithoutEndingAnything) {
  rig.add_user();
  const auto before = rig.login();
  rig.passwords.scheme = "better:";
  rig.login();
  EXPECT_EQ(
      database.number("SELECT COUNT(*) FROM users WHERE password_hash LIKE 'better:%' AND credential_version = 1"), 1);
  rig.refreshed(before.tokens.refresh_token);
  rig.login();
}

TEST_P(LoginContract, AVerificationOfTheOldPasswordOpensNoSessionAfterAChange) {
  const UserId ada = rig.add_user();
  const auto now = rig.clock.wall_now();
  const auto open = [&](std::int64_t version) {
    NewSession session{SessionId::make(now, rig.random), ada, version, RefreshTokenId::make(now, rig.random),
                       rig.mint.mint().stored};
    return rig.run([&] { return rig.repository.open_session(session, {}, rig.soon()); }).has_value();
  };
  EXPECT_TRUE(open(1));
  rig.run([&] {
    return rig.repository.change_password({ada, 1, Secret<std::string>("plain:new password"), std::nullopt}, {},
                                          rig.soon());
  });
  EXPECT_FALSE(open(1));
  EXPECT_TRUE(open(2));
  database.run("UPDATE users SET status = 'disabled'");
  EXPECT_FALSE(open(2));
}

INSTANTIATE_TEST_SUITE_P(Engines, LoginContract, ::testing::Values(Engine::Sqlite, Engine::PostgreSql), engine_name);

}  // namespace
}  // namespace sallyport::accounts
