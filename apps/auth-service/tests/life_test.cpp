// The service inside another process, as `dev` runs it: no Redis, a free port, started and stopped on demand.
#include "sallyport/auth_service/auth_service.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/write.hpp>

#include "auth_probe.hpp"

namespace sallyport::auth_service {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

using LifeTest = AuthProbe;

TEST_F(LifeTest, ServesAndSharesItsDenylistAndForgetsNoEndedSession) {
  migrate();
  const std::string account = R"({"email":"a@b.test","password":"a long enough pass phrase"})";
  const auto settings = options();
  std::string authorization;
  {
    AuthService service(settings, logger_);
    ASSERT_TRUE(service.start().has_value());
    ASSERT_EQ(service.urls().size(), 1U);
    EXPECT_THAT(service.jwks(), HasSubstr("\"keys\""));
    EXPECT_EQ(post(service, "/auth/register", account).status, 201);
    authorization = "Authorization: Bearer " + post(service, "/auth/login", account).text("access_token") + "\r\n";
    EXPECT_THAT(ask_raw(service, "GET /auth/me", authorization, ""), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(denylist_->size(), 0U);
    EXPECT_THAT(ask_raw(service, "POST /auth/logout-all", authorization, ""), StartsWith("HTTP/1.1 204"));
    EXPECT_EQ(denylist_->size(), 1U);
    EXPECT_THAT(ask_raw(service, "GET /auth/me", authorization, ""), HasSubstr("token_revoked"));
    service.stop();
    service.stop();
  }
  auto restarted = settings;
  restarted.denylist = nullptr;
  AuthService service(std::move(restarted), logger_);
  ASSERT_TRUE(service.start().has_value());
  EXPECT_THAT(ask_raw(service, "GET /auth/me", authorization, ""), HasSubstr("token_revoked"));
}

TEST_F(LifeTest, RefusesASchemaThatIsNotItsOwn) {
  AuthService service(options(), logger_);
  const auto started = service.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().detail, HasSubstr("database"));
  EXPECT_TRUE(service.urls().empty());
}

TEST_F(LifeTest, GivesUpWhenItIsToldTo) {
  migrate();
  auto settings = options();
  settings.redis = *storage::RedisUrl::parse("redis://127.0.0.1:1");
  AuthService service(std::move(settings), logger_);
  const SteadyTime begin = clock_.now();
  const auto started = service.start([] { return true; });
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().detail, HasSubstr("signal"));
  EXPECT_LT(clock_.now() - begin, std::chrono::seconds(5)) << "its budget for Redis is ten";
}

TEST_F(LifeTest, StopsThoughClientsStayConnectedOrHalfWayThroughABody) {
  migrate();
  AuthService service(options(), logger_);
  ASSERT_TRUE(service.start().has_value());
  asio::io_context io;
  auto idle = connect(io, service);
  auto slow = connect(io, service);
  asio::write(slow, asio::buffer(std::string("POST /auth/login HTTP/1.1\r\nHost: localhost\r\n"
                                             "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{")));
  // Answered after the other head has been read: both are served by one loop, in turn.
  EXPECT_THAT(ask_raw(service, "GET /health", "", ""), StartsWith("HTTP/1.1 200"));
  const SteadyTime begin = clock_.now();
  service.stop();
  EXPECT_LT(clock_.now() - begin, std::chrono::seconds(5));
}

TEST_F(LifeTest, IsDestroyedWithoutHavingStarted) {
  AuthService service(options(), logger_);
  EXPECT_TRUE(service.urls().empty());
}

TEST_F(LifeTest, RefusesAnIssuerThatNoTokenCanCarry) {
  auto settings = options();
  settings.config.common.issuer.clear();
  EXPECT_THROW(AuthService(std::move(settings), logger_), std::invalid_argument);
}

}  // namespace
}  // namespace sallyport::auth_service
