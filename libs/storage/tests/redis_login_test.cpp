#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "redis_rig.hpp"

namespace sallyport::storage {
namespace {

constexpr milliseconds kPatience{5000};
const std::string kPassword = "correct-horse-battery";

struct Outcome {
  std::string error;  ///< empty: connected
  std::string value;  ///< of the question, when connected
  milliseconds took{0};
};

/// Connects, asks one question, stops.
Task<Outcome> try_to_connect(Executor executor, const RedisOptions& options, milliseconds patience,
                             std::vector<std::string> question) {
  Rig rig;
  RedisClient client(executor, options, rig.clock, rig.random, rig.logger);
  Outcome outcome;
  const Stopwatch watch;
  const auto connected = co_await client.connect(rig.in(patience));
  outcome.took = watch.elapsed();
  if (!connected) {
    outcome.error = connected.error().message;
    EXPECT_FALSE(client.connected());
  } else {
    outcome.value = text_of(co_await send(client, std::move(question)));
  }
  co_await client.stop();
  co_return outcome;
}

Outcome outcome_of(const std::string& url, std::vector<std::string> question = {"PING"}) {
  return testing::run_task(try_to_connect, options_for(url), kPatience, std::move(question));
}

std::string at(const testing::RedisServer& server, const std::string& user_info, const std::string& rest = "") {
  return "redis://" + user_info + "127.0.0.1:" + std::to_string(server.port()) + rest;
}

testing::RedisServer& guarded_server() {
  static testing::RedisServer server({.password = kPassword, .user = "gateway", .user_password = "s3cret/of@gateway"});
  return server;
}

void expect_refused_at_once(const Outcome& outcome, std::string_view code) {
  EXPECT_TRUE(outcome.error.starts_with(code)) << outcome.error;
  EXPECT_LT(outcome.took, kPatience / 2);
  EXPECT_EQ(outcome.error.find("not-the-password"), std::string::npos) << outcome.error;
}

TEST(RedisLogin, TakesTheRightPassword) {
  EXPECT_EQ(outcome_of(guarded_server().url()).value, "PONG");
}

TEST(RedisLogin, TakesAnAclUser) {
  const std::string url = at(guarded_server(), "gateway:s3cret%2fof%40gateway@");
  EXPECT_EQ(outcome_of(url, {"ACL", "WHOAMI"}).value, "gateway");
}

TEST(RedisLogin, FailsAtOnceOnAWrongPassword) {
  expect_refused_at_once(outcome_of(at(guarded_server(), ":not-the-password@")), "WRONGPASS");
  expect_refused_at_once(outcome_of(at(guarded_server(), "gateway:not-the-password@")), "WRONGPASS");
  expect_refused_at_once(outcome_of(at(guarded_server(), "stranger:not-the-password@")), "WRONGPASS");
}

TEST(RedisLogin, FailsAtOnceWithoutAPassword) {
  expect_refused_at_once(outcome_of(at(guarded_server(), "")), "NOAUTH");
}

TEST(RedisLogin, FailsAtOnceWhenTheServerHasNoPassword) {
  const testing::RedisServer open;
  const Outcome outcome = outcome_of(at(open, ":not-the-password@"));
  expect_refused_at_once(outcome, "ERR");
  EXPECT_NE(outcome.error.find("this Redis has none"), std::string::npos) << outcome.error;
}

TEST(RedisLogin, NeverRepeatsThePasswordThatAServerEchoes) {
  const testing::RedisServer odd({.directives = {"rename-command AUTH \"\""}});
  // The server's own words: unknown command 'AUTH', with args beginning with: 'not-the-password'
  expect_refused_at_once(outcome_of(at(odd, ":not-the-password@")), "ERR");
}

TEST(RedisLogin, FailsAtOnceWhenAUserMayNotEvenPing) {
  const testing::RedisServer server({.directives = {"user narrow on >narrow-pass ~* +get"}});
  expect_refused_at_once(outcome_of(at(server, "narrow:narrow-pass@")), "NOPERM");
}

TEST(RedisLogin, SelectsTheDatabase) {
  testing::RedisServer server;
  server.command({"-n", "3", "SET", "where", "three"});
  EXPECT_EQ(outcome_of(at(server, "", "/3"), {"GET", "where"}).value, "three");
  EXPECT_EQ(outcome_of(at(server, "", "/0"), {"GET", "where"}).value, "nil");
  EXPECT_EQ(outcome_of("unix://" + server.socket_path() + "?db=3", {"GET", "where"}).value, "three");
  expect_refused_at_once(outcome_of(at(server, "", "/99")), "ERR DB index is out of range");
}

Task<> logs_in_again(Executor executor, testing::RedisServer& server) {
  Rig rig;
  const std::string url = at(server, ":" + kPassword + "@", "/5");
  RedisClient client(executor, options_for(url), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(kPatience)));
  EXPECT_EQ(text_of(co_await send(client, {"SET", "where", "five"})), "OK");
  client.reconnect();
  EXPECT_FALSE(client.connected());
  EXPECT_TRUE(co_await becomes(executor, client, true));
  EXPECT_EQ(text_of(co_await send(client, {"GET", "where"})), "five");
  co_await client.stop();
}
TEST(RedisLogin, LogsInAndSelectsOnEveryConnection) {
  testing::run_task(logs_in_again, guarded_server());
}

Task<> writes_a_log(Executor executor, const RedisOptions& options, int fd) {
  Rig rig;
  log::Logger logger(log::Logger::Options{.level = log::Level::Debug, .fd = fd}, log::Redactor{});
  RedisClient client(executor, options, rig.clock, rig.random, logger);
  EXPECT_FALSE(co_await client.connect(rig.in(kPatience)));
  co_await client.stop();
  logger.flush();
}
TEST(RedisLogin, KeepsThePasswordOutOfTheLog) {
  const testing::TemporaryFolder folder;
  const int fd = ::open(folder.file("log").c_str(), O_WRONLY | O_CREAT, 0600);
  testing::run_task(writes_a_log, options_for(at(guarded_server(), ":not-the-password@")), fd);
  ::close(fd);
  std::ifstream file(folder.file("log"));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_NE(text.find("redis_connect_failed"), std::string::npos) << text;
  EXPECT_NE(text.find("WRONGPASS"), std::string::npos) << text;
  EXPECT_EQ(text.find("not-the-password"), std::string::npos) << text;
}

std::string over_tls(const testing::RedisServer& server, const std::string& host, const std::string& parameters) {
  return "rediss://" + host + ":" + std::to_string(server.port()) + parameters;
}

TEST(RedisTls, VerifiesTheServerByAddressAndByName) {
  const testing::Certificates certificates;
  const testing::RedisServer server({.certificates = &certificates});
  EXPECT_EQ(outcome_of(server.url()).value, "PONG");
  EXPECT_EQ(outcome_of(over_tls(server, "localhost", "?ca=" + certificates.ca_file())).value, "PONG");
}

TEST(RedisTls, IsNamedWhenOnlyTheServerSpeaksIt) {
  const testing::Certificates certificates;
  const testing::RedisServer server({.certificates = &certificates});
  const Outcome outcome = testing::run_task(try_to_connect, options_for(at(server, "")), milliseconds(300),
                                            std::vector<std::string>{"PING"});
  EXPECT_NE(outcome.error.find("rediss://"), std::string::npos) << outcome.error;
}

TEST(RedisTls, FailsAtOnceOnAnotherCa) {
  const testing::Certificates certificates, others;
  const testing::RedisServer server({.certificates = &certificates});
  for (const std::string& parameters : {"?ca=" + others.ca_file(), std::string()}) {
    const Outcome outcome = outcome_of(over_tls(server, "127.0.0.1", parameters));
    EXPECT_NE(outcome.error.find("does not verify"), std::string::npos) << outcome.error;
    EXPECT_LT(outcome.took, kPatience / 2);
  }
}

TEST(RedisTls, FailsAtOnceOnACertificateForAnotherHost) {
  const testing::Certificates certificates("DNS:redis.example");
  const testing::RedisServer server({.certificates = &certificates});
  for (const char* host : {"127.0.0.1", "localhost"}) {
    const Outcome outcome = outcome_of(over_tls(server, host, "?ca=" + certificates.ca_file()));
    EXPECT_NE(outcome.error.find("does not verify"), std::string::npos) << outcome.error;
    EXPECT_LT(outcome.took, kPatience / 2);
  }
}

TEST(RedisTls, ShowsItsOwnCertificateWhenAsked) {
  const testing::Certificates certificates;
  const testing::RedisServer server({.certificates = &certificates, .directives = {"tls-auth-clients yes"}});
  const std::string own = "&cert=" + certificates.certificate_file() + "&key=" + certificates.private_key_file();
  EXPECT_EQ(outcome_of(server.url() + own).value, "PONG");
  const Outcome without =
      testing::run_task(try_to_connect, options_for(server.url()), milliseconds(300), std::vector<std::string>{"PING"});
  EXPECT_FALSE(without.error.empty());
}

TEST(RedisTls, RefusesToStartWithoutItsFiles) {
  asio::io_context loop;
  Rig rig;
  EXPECT_THROW(RedisClient(loop.get_executor(), options_for("rediss://localhost?ca=/nonexistent/ca.pem"), rig.clock,
                           rig.random, rig.logger),
               std::runtime_error);
}

struct Unreachable {
  const char* name;
  void (*spoil)(testing::TcpGate&);
  bool tls;
  const char* says;
};

class RedisConnect : public ::testing::TestWithParam<Unreachable> {};

TEST_P(RedisConnect, EndsByItsDeadline) {
  testing::TcpGate gate(guarded_server().port());
  GetParam().spoil(gate);
  RedisOptions options = options_for((GetParam().tls ? "rediss" : "redis") + std::string("://:") + kPassword +
                                     "@127.0.0.1:" + std::to_string(gate.port()));
  options.connect_timeout = milliseconds(150);
  options.reconnect_min = milliseconds(20);
  options.reconnect_max = milliseconds(100);
  const Outcome outcome =
      testing::run_task(try_to_connect, options, milliseconds(600), std::vector<std::string>{"PING"});
  EXPECT_NE(outcome.error.find(GetParam().says), std::string::npos) << outcome.error;
  EXPECT_EQ(outcome.error.find("127.0.0.1"), std::string::npos) << "the caller adds the endpoint: " << outcome.error;
  EXPECT_EQ(outcome.error.find(kPassword), std::string::npos) << outcome.error;
  EXPECT_GE(outcome.took, milliseconds(500));
  EXPECT_LT(outcome.took, milliseconds(1500));
  // More than one try; a pause between them, so far from as many as there is time for.
  EXPECT_EQ(outcome.error.find("after 1 try"), std::string::npos) << outcome.error;
  EXPECT_NE(outcome.error.find(" tries)"), std::string::npos) << outcome.error;
  EXPECT_LT(gate.accepted(), 40U);
}

INSTANTIATE_TEST_SUITE_P(
    Table, RedisConnect,
    ::testing::Values(
        Unreachable{"NothingListens", [](testing::TcpGate& gate) { gate.refuse(); }, false, "refused"},
        Unreachable{"SilentServer", [](testing::TcpGate& gate) { gate.silence(); }, false, "no answer to the login"},
        Unreachable{"SilentServerOverTls", [](testing::TcpGate& gate) { gate.silence(); }, true, "no TLS handshake"},
        Unreachable{"NotTls", [](testing::TcpGate& gate) { gate.forward(); }, true, "TLS"},
        Unreachable{"CutInTheHandshake", [](testing::TcpGate& gate) { gate.cut_after(2); }, false, "rediss://"}),
    [](const auto& info) { return std::string(info.param.name); });

Task<> waits_for_a_late_server(Executor executor, testing::TcpGate& gate) {
  Rig rig;
  RedisClient client(executor, options_for("redis://127.0.0.1:" + std::to_string(gate.port())), rig.clock, rig.random,
                     rig.logger);
  runtime::TaskScope scope(executor, 1, report_failure);
  scope.spawn([](Executor on, testing::TcpGate& opened) -> Task<> {
    co_await pause(on, milliseconds(200));
    opened.forward();
  }(executor, gate));
  EXPECT_TRUE(co_await client.connect(rig.in(kPatience)));
  EXPECT_EQ(text_of(co_await send(client, {"PING"})), "PONG");
  EXPECT_FALSE(co_await client.connect(rig.in(kPatience))) << "it was started already";
  co_await scope.join();
  co_await client.stop();
}
TEST(RedisLogin, WaitsForAServerThatComesUpLate) {
  const testing::RedisServer server;
  testing::TcpGate gate(server.port());
  gate.refuse();
  testing::run_task(waits_for_a_late_server, gate);
}

Task<> connect_and_note(RedisClient& client, Deadline deadline, std::string& error) {
  const auto connected = co_await client.connect(deadline);
  error = connected ? "connected" : connected.error().message;
}

Task<> stops_while_connecting(Executor executor, testing::TcpGate& gate) {
  Rig rig;
  RedisOptions options = options_for("redis://127.0.0.1:" + std::to_string(gate.port()));
  options.connect_timeout = kPatience;
  RedisClient client(executor, std::move(options), rig.clock, rig.random, rig.logger);
  runtime::TaskScope scope(executor, 1, report_failure);
  std::string error;
  scope.spawn(connect_and_note(client, rig.in(kPatience), error));
  co_await pause(executor, milliseconds(50));
  const Stopwatch watch;
  co_await client.stop();
  co_await scope.join();
  EXPECT_EQ(error, "the client was stopped");
  EXPECT_LT(watch.elapsed(), milliseconds(1000));
}
TEST(RedisLogin, StopsWhileItConnects) {
  testing::TcpGate gate(guarded_server().port());
  gate.silence();
  testing::run_task(stops_while_connecting, gate);
}

}  // namespace
}  // namespace sallyport::storage
