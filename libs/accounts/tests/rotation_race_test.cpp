#include <set>
#include <thread>

#include "account_rig.hpp"

namespace sallyport::accounts {
namespace {

using Work = std::function<runtime::Task<Result<Rig::RefreshResult>>()>;

runtime::Task<Result<Rig::RefreshResult>> logout_as_refresh(Rig& rig, Secret<std::string> token) {
  auto done = co_await rig.service.logout(std::move(token), {}, rig.soon());
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return RefreshRefusal::SessionRevoked;
}

/// A login whose password was verified when the credentials had that version.
runtime::Task<Result<Rig::RefreshResult>> open_as_refresh(Rig& rig, UserId user, std::int64_t version) {
  const auto now = rig.clock.wall_now();
  NewSession session{SessionId::make(now, rig.random), user, version, RefreshTokenId::make(now, rig.random),
                     rig.mint.mint().stored};
  auto opened = co_await rig.repository.open_session(std::move(session), {}, rig.soon());
  if (!opened) co_return std::unexpected(std::move(opened.error()));
  co_return RefreshRefusal::SessionRevoked;
}

class RotationRace : public AccountContract {
 protected:
  // A commit of SQLite waits for the disk, so it gets fewer rounds; its writers take turns anyway.
  static int rounds() { return GetParam() == Engine::PostgreSql ? 200 : 40; }

  static std::map<std::string, int> count(const std::vector<Result<Rig::RefreshResult>>& results) {
    std::map<std::string, int> codes;
    for (const auto& result : results) ++codes[code_of(result)];
    return codes;
  }
  std::int64_t events(const std::string& type) {
    return database.number("SELECT COUNT(*) FROM audit_events WHERE type = '" + type + "'");
  }
  static const TokenAnswer* winner(const std::vector<Result<Rig::RefreshResult>>& results) {
    for (const auto& result : results) {
      if (result && std::holds_alternative<TokenAnswer>(*result)) return &std::get<TokenAnswer>(*result);
    }
    return nullptr;
  }
};

TEST_P(RotationRace, OfTwentyAtOnceOneWinsAndNoneIsTakenForAThief) {
  Rig rig(database);
  rig.add_user();
  Secret<std::string> token = rig.login().tokens.refresh_token;
  for (int round = 0; round < rounds(); ++round) {
    const std::vector<Work> work(20, [&] { return rig.refresh_task(token); });
    const auto results = rig.run_all<Rig::RefreshResult>(work);
    ASSERT_EQ(count(results), (std::map<std::string, int>{{"concurrent_refresh", 19}, {"ok", 1}})) << "round " << round;
    token = winner(results)->refresh_token;
  }
  rig.refreshed(token);
  EXPECT_EQ(events("token.reuse_detected"), 0);
  EXPECT_EQ(events("token.refreshed"), rounds() + 1);
}

/// Two processes that share a database, with requests that had all arrived before the first of them was looked at.
class ProcessRace : public RotationRace {};

TEST_P(ProcessRace, NorInTwoProcesses) {
  Rig one(database);
  Rig two(database);
  one.add_user();
  Secret<std::string> token = one.login().tokens.refresh_token;
  for (int round = 0; round < 100; ++round) {
    const SteadyTime arrival = one.clock.now();
    std::vector<Result<Rig::RefreshResult>> of_two;
    std::thread other([&] {
      const std::vector<Work> work(10, [&] { return two.refresh_task(token, {}, arrival); });
      of_two = two.run_all<Rig::RefreshResult>(work);
    });
    const std::vector<Work> work(10, [&] { return one.refresh_task(token, {}, arrival); });
    auto results = one.run_all<Rig::RefreshResult>(work);
    other.join();
    for (auto& result : of_two) results.push_back(std::move(result));
    ASSERT_EQ(count(results), (std::map<std::string, int>{{"concurrent_refresh", 19}, {"ok", 1}})) << "round " << round;
    token = winner(results)->refresh_token;
  }
  one.refreshed(token);
  EXPECT_EQ(events("token.reuse_detected"), 0);
}

// The other process has stamped its rotation and not committed it: this request came later than the stamp, and yet
// nobody can have had the successor when it was sent.
TEST_P(ProcessRace, ARequestThatHadToWaitForARotationElsewhereOverlappedIt) {
  Rig rig(database);
  rig.add_user();
  const auto login = rig.login();
  auto transaction = database.direct().begin();
  ASSERT_TRUE(transaction.has_value());
  database.run("UPDATE sessions SET last_used_at = last_used_at + 1");
  database.run(
      "UPDATE refresh_tokens SET revoked_reason = 'rotated', "
      "revoked_at = CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");
  std::optional<Result<Rig::RefreshResult>> result;
  std::thread waiting([&] { result = rig.attempt([&] { return rig.refresh_task(login.tokens.refresh_token); }); });
  const auto give_up = rig.clock.now() + 20s;
  while (database.number("SELECT COUNT(*) FROM pg_locks WHERE NOT granted") == 0 && rig.clock.now() < give_up) {
    std::this_thread::yield();
  }
  ASSERT_TRUE(transaction->commit().has_value());
  waiting.join();
  EXPECT_EQ(code_of(*result), "concurrent_refresh");
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "refresh_token_reuse_detected")
      << "this one came after it";
}

// SQLite serves one process: `sallyport dev`.
INSTANTIATE_TEST_SUITE_P(Engines, ProcessRace, ::testing::Values(Engine::PostgreSql), engine_name);

TEST_P(RotationRace, WithOneKeyAllGetTheOneSuccessorOrAreToldToUseIt) {
  Rig rig(database);
  rig.add_user();
  Secret<std::string> token = rig.login().tokens.refresh_token;
  for (int round = 0; round < rounds() / 4; ++round) {
    const std::string key = "key-of-round-0123456789-" + std::to_string(round);
    const std::vector<Work> work(6, [&] { return rig.refresh_task(token, key); });
    const auto results = rig.run_all<Rig::RefreshResult>(work);
    std::set<std::string> successors;
    for (const auto& result : results) {
      if (result && std::holds_alternative<TokenAnswer>(*result)) {
        successors.emplace(std::get<TokenAnswer>(*result).refresh_token.expose());
      } else {
        ASSERT_EQ(code_of(result), "concurrent_refresh");
      }
    }
    ASSERT_EQ(successors.size(), 1U);
    token = Secret<std::string>(*successors.begin());
  }
  EXPECT_EQ(events("token.refreshed"), rounds() / 4);
}

TEST_P(RotationRace, ALogoutWinsOverARefresh) {
  Rig rig(database);
  rig.add_user();
  for (int round = 0; round < rounds(); ++round) {
    const auto login = rig.login();
    const std::vector<Work> work = {
        [&] { return rig.refresh_task(login.tokens.refresh_token); },
        [&] { return logout_as_refresh(rig, login.tokens.refresh_token); },
    };
    const auto results = rig.run_all<Rig::RefreshResult>(work);
    ASSERT_TRUE(results[1].has_value()) << results[1].error().detail;
    const std::string code = code_of(results[0]);
    ASSERT_TRUE(code == "ok" || code == "session_revoked") << code;
    // Whoever was first: the session is over, and so is what came of the refresh.
    if (code == "ok") {
      ASSERT_EQ(code_of(rig.refresh(std::get<TokenAnswer>(*results[0]).refresh_token)), "session_revoked");
    }
    ASSERT_EQ(database.number("SELECT COUNT(*) FROM refresh_tokens WHERE revoked_at IS NULL"), 0) << "round " << round;
  }
  EXPECT_EQ(events("token.reuse_detected"), 0);
}

TEST_P(RotationRace, NoTokenOfAnotherDeviceOutlivesAReuse) {
  Rig rig(database);
  rig.add_user();
  for (int round = 0; round < rounds(); ++round) {
    const auto stolen = rig.login();
    const auto device = rig.login();
    rig.refreshed(stolen.tokens.refresh_token);
    const std::vector<Work> work = {
        [&] { return rig.refresh_task(device.tokens.refresh_token); },
        [&] { return rig.refresh_task(stolen.tokens.refresh_token); },
        [&] { return rig.refresh_task(stolen.tokens.refresh_token); },
    };
    const auto results = rig.run_all<Rig::RefreshResult>(work);
    const std::string code = code_of(results[0]);
    ASSERT_TRUE(code == "ok" || code == "refresh_token_reuse_detected") << code;
    ASSERT_EQ(code_of(results[1]), "refresh_token_reuse_detected");
    ASSERT_EQ(code_of(results[2]), "refresh_token_reuse_detected");
    if (code == "ok") {
      ASSERT_EQ(code_of(rig.refresh(std::get<TokenAnswer>(*results[0]).refresh_token)), "refresh_token_reuse_detected");
    }
    ASSERT_EQ(database.number("SELECT COUNT(*) FROM refresh_tokens WHERE revoked_at IS NULL"), 0) << "round " << round;
    ASSERT_EQ(events("token.reuse_detected"), round + 1);
  }
}

TEST_P(RotationRace, NoLoginWithTheOldCredentialsSlipsPastAReuse) {
  Rig rig(database);
  const UserId ada = rig.add_user();
  for (int round = 0; round < rounds() / 4; ++round) {
    const auto stolen = rig.login();
    rig.refreshed(stolen.tokens.refresh_token);
    const auto version = database.number("SELECT credential_version FROM users");
    std::vector<Work> work(3, [&] { return open_as_refresh(rig, ada, version); });
    work.emplace(work.begin() + 1, [&] { return rig.refresh_task(stolen.tokens.refresh_token); });
    const auto results = rig.run_all<Rig::RefreshResult>(work);
    ASSERT_EQ(code_of(results[1]), "refresh_token_reuse_detected");
    for (const auto& result : results) ASSERT_TRUE(result.has_value()) << result.error().detail;
    ASSERT_EQ(database.number("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL"), 0) << "round " << round;
    ASSERT_EQ(database.number("SELECT COUNT(*) FROM refresh_tokens WHERE revoked_at IS NULL"), 0) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Engines, RotationRace, ::testing::Values(Engine::Sqlite, Engine::PostgreSql), engine_name);

}  // namespace
}  // namespace sallyport::accounts
