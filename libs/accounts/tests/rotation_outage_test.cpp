#include <thread>

#include "account_rig.hpp"
#include "sallyport/testing/tcp_gate.hpp"

namespace sallyport::accounts {
namespace {

constexpr const char* kKey = "0123456789abcdefghijkl";

/// A process whose way to PostgreSQL can be cut.
class RotationOutage : public ::testing::Test {
 protected:
  TestDatabase database{Engine::PostgreSql};
  testing::TcpGate gate{testing::postgres_server().port()};
  Rig rig{database, {.connections = 1, .port = gate.port()}};

  std::int64_t tokens_of(SessionId session) {
    return database.number("SELECT COUNT(*) FROM refresh_tokens WHERE session_id = '" + session.to_string() + "'");
  }
  runtime::Task<Result<Rig::RefreshResult>> refresh_by(Secret<std::string> token, std::chrono::milliseconds limit) {
    Refresh form{std::move(token), Secret<std::string>(kKey), rig.clock.now()};
    return rig.service.refresh(std::move(form), {}, Deadline::after(rig.clock.now(), limit));
  }
  /// A session, made while the database can be reached.
  LoggedIn session() {
    for (int i = 0; i < 100; ++i) {
      auto result = rig.attempt([&] {
        return rig.service.login(Login{"ada@example.com", Secret<std::string>("correct horse"), std::nullopt}, {},
                                 rig.soon());
      });
      if (result && std::holds_alternative<LoggedIn>(*result)) return std::get<LoggedIn>(*std::move(result));
      std::this_thread::sleep_for(20ms);
    }
    throw std::runtime_error("no login");
  }
};

// The connection is cut after every so many bytes of the server's answers: before the exchange, within it, between it
// and COMMIT, and within COMMIT's own answer.
TEST_F(RotationOutage, WhereverTheConnectionBreaksNothingIsLostAndNobodyIsAThief) {
  rig.add_user();
  int not_committed = 0, recovered = 0;
  for (std::uint64_t bytes = 0; bytes < 1200; bytes += 23) {
    const auto login = session();
    const auto connections = gate.accepted();
    gate.cut_after(bytes);
    std::thread repair([&] {
      std::this_thread::sleep_for(60ms);
      gate.forward();
    });
    const auto result = rig.attempt([&] { return refresh_by(login.tokens.refresh_token, 5s); });
    repair.join();
    const bool cut = gate.accepted() > connections;
    if (result) {
      ASSERT_EQ(code_of(*result), "ok") << bytes;
      ASSERT_EQ(tokens_of(login.tokens.session), 2) << bytes;
      if (cut) ++recovered;
    } else {
      // It says 503: then the token is as good as before, and needs no key to work.
      ASSERT_EQ(result.error().code, ErrorCode::ServiceUnavailable) << bytes;
      ASSERT_EQ(tokens_of(login.tokens.session), 1) << bytes;
      ++not_committed;
    }
    session();  // the way is open again
    const auto again = rig.attempt([&] { return refresh_by(login.tokens.refresh_token, 5s); });
    ASSERT_EQ(code_of(again), "ok") << bytes;
    ASSERT_EQ(tokens_of(login.tokens.session), 2) << bytes;
    if (result) {
      ASSERT_EQ(std::get<TokenAnswer>(*again).refresh_token.expose(),
                std::get<TokenAnswer>(*result).refresh_token.expose());
    }
  }
  EXPECT_GT(not_committed, 0);
  EXPECT_GT(recovered, 0) << "no cut was between COMMIT and its answer";
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM audit_events WHERE type = 'token.reuse_detected'"), 0);
}

TEST_F(RotationOutage, ADatabaseThatStaysAwayAfterCommitLeavesItsTraceAndTheKeyRecoversTheSuccessor) {
  rig.add_user();
  bool seen = false;
  for (std::uint64_t bytes = 0; bytes < 1200 && !seen; bytes += 17) {
    const auto login = session();
    gate.cut_after(bytes);
    const auto result = rig.attempt([&] { return refresh_by(login.tokens.refresh_token, 400ms); });
    gate.forward();
    session();
    if (result || tokens_of(login.tokens.session) == 1) continue;
    seen = true;
    EXPECT_EQ(result.error().code, ErrorCode::ServiceUnavailable);
    EXPECT_EQ(result.error().retry, Retry::Never);
    EXPECT_NE(rig.log_text().find("token.outcome_unknown"), std::string::npos);
    const auto again = rig.attempt([&] { return refresh_by(login.tokens.refresh_token, 5s); });
    ASSERT_EQ(code_of(again), "ok");
    rig.refreshed(std::get<TokenAnswer>(*again).refresh_token);
  }
  EXPECT_TRUE(seen) << "no cut was between COMMIT and its answer";
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM audit_events WHERE type = 'token.reuse_detected'"), 0);
}

TEST_F(RotationOutage, WithoutADatabaseEveryCallIs503AndReuseIsNotForgotten) {
  rig.add_user();
  const auto login = session();
  rig.refreshed(login.tokens.refresh_token);
  gate.refuse();
  gate.drop_all();
  const auto away = rig.attempt([&] { return refresh_by(login.tokens.refresh_token, 1s); });
  EXPECT_EQ(code_of(away), "service_unavailable");
  const auto me = rig.attempt([&] { return rig.service.me(login.tokens.user, rig.soon()); });
  ASSERT_FALSE(me.has_value());
  EXPECT_EQ(me.error().code, ErrorCode::ServiceUnavailable);
  gate.forward();
  session();
  EXPECT_EQ(code_of(rig.refresh(login.tokens.refresh_token)), "refresh_token_reuse_detected");
}

}  // namespace
}  // namespace sallyport::accounts
