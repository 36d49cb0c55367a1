// The service inside another process, as `dev` runs it: no Redis, a free port, started and stopped on demand.
#include "sallyport/auth_service/auth_service.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "sallyport/secrets/environment.hpp"
#include "sallyport/secrets/fresh_secrets.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/migrator.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::auth_service {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class LifeTest : public ::testing::Test {
 protected:
  void migrate() {
    auto session = storage::SqlSession::open(database_, {});
    ASSERT_TRUE(session.has_value());
    storage::Migrator migrator(**session, storage::embedded_migrations(database_.dialect), clock_);
    ASSERT_TRUE(migrator.migrate().has_value());
  }
  AuthServiceOptions options() {
    const auto text = secrets::fresh_environment_text(clock_);
    auto loaded =
        secrets::load_auth_secrets(*secrets::EnvironmentText::parse(text.expose()), secrets::StoreAddresses::Optional);
    AuthServiceOptions options{.secrets = *std::move(loaded.secrets), .database = database_, .config = {}};
    service::CommonSettings& common = options.config.common;
    common.issuer = "https://life.test";
    common.audience = "life";
    common.listen = {{*IpAddress::parse("127.0.0.1"), 0}};
    common.trusted_gateways = service::loopback_blocks();
    common.shutdown_timeout = std::chrono::milliseconds(300);
    common.access_log = false;
    options.hashing.parameters = {.memory_kib = 64, .passes = 1, .lanes = 1};
    options.denylist = denylist_;
    return options;
  }
  static asio::ip::tcp::socket connect(asio::io_context& io, const AuthService& service) {
    const std::string& url = service.urls().at(0);
    asio::ip::tcp::socket socket(io);
    socket.connect(
        {asio::ip::make_address("127.0.0.1"), static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)))});
    return socket;
  }
  /// The whole answer to one request.
  static std::string ask(const AuthService& service, const std::string& line, const std::string& fields,
                         const std::string& body) {
    asio::io_context io;
    auto socket = connect(io, service);
    asio::write(socket, asio::buffer(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + fields +
                                     "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
    std::string answer;
    ErrorCodeSys end;
    asio::read(socket, asio::dynamic_buffer(answer), end);
    return answer;
  }
  static std::string post(const AuthService& service, const std::string& path, const std::string& body) {
    return ask(service, "POST " + path, "Content-Type: application/json\r\n", body);
  }

  SystemClock clock_;
  sallyport::testing::TemporaryFolder folder_;
  storage::DatabaseUrl database_ = *storage::DatabaseUrl::parse("sqlite:" + folder_.file("a.db"));
  log::Logger logger_{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  std::shared_ptr<denylist::MemoryDenylist> denylist_ = std::make_shared<denylist::MemoryDenylist>();
};

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
    EXPECT_THAT(post(service, "/auth/register", account), StartsWith("HTTP/1.1 201"));
    const std::string login = post(service, "/auth/login", account);
    ASSERT_THAT(login, StartsWith("HTTP/1.1 200"));
    const std::string name = "\"access_token\":\"";
    const std::size_t begin = login.find(name) + name.size();
    authorization = "Authorization: Bearer " + login.substr(begin, login.find('"', begin) - begin) + "\r\n";
    EXPECT_THAT(ask(service, "GET /auth/me", authorization, ""), StartsWith("HTTP/1.1 200"));
    EXPECT_EQ(denylist_->size(), 0U);
    EXPECT_THAT(ask(service, "POST /auth/logout-all", authorization, ""), StartsWith("HTTP/1.1 204"));
    EXPECT_EQ(denylist_->size(), 1U);
    EXPECT_THAT(ask(service, "GET /auth/me", authorization, ""), HasSubstr("token_revoked"));
    service.stop();
    service.stop();
  }
  auto restarted = settings;
  restarted.denylist = nullptr;
  AuthService service(std::move(restarted), logger_);
  ASSERT_TRUE(service.start().has_value());
  EXPECT_THAT(ask(service, "GET /auth/me", authorization, ""), HasSubstr("token_revoked"));
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
  EXPECT_THAT(ask(service, "GET /health", "", ""), StartsWith("HTTP/1.1 200"));
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
