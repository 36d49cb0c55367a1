#include "sallyport/net/client_tls.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "sallyport/net/client_connection.hpp"
#include "sallyport/net/connection_pool.hpp"
#include "sallyport/testing/certificates.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/testing/tls_server.hpp"

namespace sallyport::net {
namespace {

using runtime::Executor;
using runtime::Task;
using sallyport::testing::Certificates;
using sallyport::testing::TlsServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

/// A whole exchange on a connection: the body, or what went wrong.
Task<Result<std::string>> exchange(ClientConnection& connection, std::string head, std::string body) {
  auto sent = connection.send_now(head, body, {});
  if (!sent) co_return std::unexpected(sent.error());
  if (!*sent) {
    if (auto rest = co_await connection.send_rest(); !rest) co_return std::unexpected(rest.error());
  }
  http::ResponseHead answer;
  if (auto read = co_await connection.read_head(http::Method::Get, answer); !read) {
    co_return std::unexpected(read.error());
  }
  std::string text;
  for (;;) {
    auto piece = co_await connection.next_body();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return text;
    text.append(piece->data(), piece->size());
  }
}

struct ClientTlsTest : ::testing::Test {
  asio::io_context loop{1};
  SystemClock clock;
  Sweeper sweeper{loop.get_executor(), clock, milliseconds(2)};
  BufferPool buffers{4096, 4};

  static asio::ip::tcp::endpoint at(const TlsServer& server) {
    return {asio::ip::address_v4::loopback(), server.port()};
  }
  Result<void> connect(ClientConnection& connection, const TlsServer& server, const ClientTls& tls,
                       milliseconds limit = seconds(10)) {
    const asio::ip::tcp::endpoint endpoint = at(server);
    loop.restart();
    return sallyport::testing::run_task_on(
        loop, [&](Executor) { return connection.connect(endpoint, tls, Deadline::after(clock.now(), limit)); });
  }
  Result<std::string> ask(ClientConnection& connection, std::string body = {}) {
    loop.restart();
    return sallyport::testing::run_task_on(
        loop, [&](Executor) { return exchange(connection, std::string(kRequest), std::move(body)); });
  }
  Result<std::string> ask_once(const TlsServer& server, const ClientTls& tls) {
    ClientConnection connection(loop.get_executor(), sweeper, buffers);
    if (auto connected = connect(connection, server, tls); !connected) return std::unexpected(connected.error());
    return ask(connection);
  }
  /// The error of a connection that must not come up, and proof that nothing was asked on it.
  Error refusal(const TlsServer& server, const ClientTls& tls, milliseconds limit = seconds(10)) {
    ClientConnection connection(loop.get_executor(), sweeper, buffers);
    const auto connected = connect(connection, server, tls, limit);
    EXPECT_FALSE(connected.has_value());
    EXPECT_EQ(server.seen().requests, 0);
    return connected ? Error{} : connected.error();
  }
};

TlsServer::Options answering(std::string_view answer, TlsServer::Then then = TlsServer::Then::Close) {
  return {.answer = std::string(answer), .then = then};
}

TEST_F(ClientTlsTest, ExchangesWithAServerThatVerifies) {
  const TlsServer server(certificates(), answering(kHello));
  const auto body = ask_once(server, ClientTls("localhost", certificates().ca_file()));
  ASSERT_TRUE(body.has_value()) << body.error().detail;
  EXPECT_EQ(*body, "hello");
  const TlsServer::Seen seen = server.seen();
  EXPECT_EQ(seen.request, kRequest);
  EXPECT_EQ(seen.server_name, "localhost");
  EXPECT_EQ(seen.protocol, "http/1.1");
  EXPECT_EQ(seen.version, "TLSv1.3");
}

TEST_F(ClientTlsTest, SpeaksVersion12) {
  const TlsServer server(certificates(), {.answer = std::string(kHello), .protocol = TlsServer::Protocol::Tls12});
  ASSERT_TRUE(ask_once(server, ClientTls("localhost", certificates().ca_file())).has_value());
  EXPECT_EQ(server.seen().version, "TLSv1.2");
}

TEST_F(ClientTlsTest, VerifiesAnAddressAndSendsNoNameForIt) {
  const TlsServer server(certificates(), answering(kHello));
  ASSERT_TRUE(ask_once(server, ClientTls("127.0.0.1", certificates().ca_file())).has_value());
  EXPECT_EQ(server.seen().server_name, "");
}

TEST_F(ClientTlsTest, RefusesACertificateForAnotherName) {
  const TlsServer server(certificates(), answering(kHello));
  for (const char* name : {"id.example", "localhost.example", "127.0.0.2", "::2"}) {
    const Error error = refusal(server, ClientTls(name, certificates().ca_file()));
    EXPECT_EQ(error.code, ErrorCode::BadGateway) << name;
    EXPECT_EQ(error.origin, ErrorOrigin::Upstream) << name;
    EXPECT_THAT(error.detail, HasSubstr("mismatch")) << name;
  }
}

TEST_F(ClientTlsTest, TakesNoNameFromTheSubject) {
  // The subject's common name is "Sallyport test", and there is no alternative name of kind DNS.
  const Certificates without("IP:127.0.0.9");
  const TlsServer server(without, answering(kHello));
  EXPECT_THAT(refusal(server, ClientTls("Sallyport test", without.ca_file())).detail, HasSubstr("mismatch"));
}

TEST_F(ClientTlsTest, RefusesACertificateOfAnUnknownAuthority) {
  const TlsServer server(certificates(), answering(kHello));
  const Certificates others;
  EXPECT_THAT(refusal(server, ClientTls("localhost", others.ca_file())).detail, HasSubstr("does not verify"));
  EXPECT_THAT(refusal(server, ClientTls("localhost", "")).detail, HasSubstr("does not verify"));  // the system's own
}

TEST_F(ClientTlsTest, RefusesAnExpiredCertificate) {
  const Certificates old("DNS:localhost", Certificates::Validity::Expired);
  const TlsServer server(old, answering(kHello));
  EXPECT_THAT(refusal(server, ClientTls("localhost", old.ca_file())).detail, HasSubstr("expired"));
}

TEST_F(ClientTlsTest, RefusesVersion11) {
  const TlsServer server(certificates(), {.answer = std::string(kHello), .protocol = TlsServer::Protocol::Tls11});
  const Error error = refusal(server, ClientTls("localhost", certificates().ca_file()));
  EXPECT_EQ(error.code, ErrorCode::BadGateway);
  EXPECT_THAT(error.detail, HasSubstr("TLS handshake failed"));
}

TEST_F(ClientTlsTest, GivesUpOnASilentServerAtTheDeadline) {
  const TlsServer server(certificates(), {.answer = {}, .hands = TlsServer::Hands::Ignore});
  const Error error = refusal(server, ClientTls("localhost", certificates().ca_file()), milliseconds(20));
  EXPECT_EQ(error.code, ErrorCode::GatewayTimeout);
  EXPECT_THAT(error.detail, HasSubstr("TLS handshake"));
}

TEST_F(ClientTlsTest, EndsTheHandshakeWhenItIsAborted) {
  const TlsServer server(certificates(), {.answer = {}, .hands = TlsServer::Hands::Ignore});
  ClientConnection connection(loop.get_executor(), sweeper, buffers);
  asio::steady_timer watch(loop, milliseconds(1));
  watch.async_wait([&](ErrorCodeSys) { connection.abort(); });
  const auto connected = connect(connection, server, ClientTls("localhost", certificates().ca_file()), seconds(20));
  ASSERT_FALSE(connected.has_value());
  EXPECT_THAT(connected.error().detail, HasSubstr("gone"));
}

TEST_F(ClientTlsTest, TakesACutForNoEnd) {
  constexpr std::string_view kUntilClose = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel";
  const ClientTls tls("localhost", certificates().ca_file());
  {
    const TlsServer server(certificates(), answering(kUntilClose, TlsServer::Then::Close));
    EXPECT_EQ(ask_once(server, tls).value_or("nothing"), "hel");
  }
  const TlsServer server(certificates(), answering(kUntilClose, TlsServer::Then::Cut));
  const auto body = ask_once(server, tls);
  ASSERT_FALSE(body.has_value());
  EXPECT_EQ(body.error().code, ErrorCode::BadGateway);
  EXPECT_THAT(body.error().detail, HasSubstr("without saying so"));
}

TEST_F(ClientTlsTest, CarriesBodiesLargerThanWhatTheSocketsHold) {
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n";
  answer.append(9'000'000, 'a');
  const TlsServer server(certificates(), answering(answer));
  const auto body = ask_once(server, ClientTls("localhost", certificates().ca_file()));
  ASSERT_TRUE(body.has_value()) << body.error().detail;
  EXPECT_EQ(body->size(), 9'000'000U);
}

TEST_F(ClientTlsTest, SendsWhatTheSocketDoesNotTakeAtOnce) {
  // The server reads up to the end of the head, which the body here is a part of.
  const TlsServer server(certificates(), answering(kHello));
  ClientConnection connection(loop.get_executor(), sweeper, buffers);
  ASSERT_TRUE(connect(connection, server, ClientTls("localhost", certificates().ca_file())).has_value());
  std::string fields = "POST / HTTP/1.1\r\n";
  while (fields.size() < 900'000) fields += "X: " + std::string(1000, 'x') + "\r\n";
  const auto body = sallyport::testing::run_task_on(
      loop, [&](Executor) { return exchange(connection, fields, std::string("End: 1\r\n\r\n")); });
  ASSERT_TRUE(body.has_value()) << body.error().detail;
  EXPECT_EQ(server.seen().request, fields + "End: 1\r\n\r\n");
}

TEST_F(ClientTlsTest, ServesOneExchangeAfterTheOtherFromAPool) {
  const TlsServer server(certificates(), answering(kHello, TlsServer::Then::Remain));
  const auto tls = std::make_shared<const ClientTls>("localhost", certificates().ca_file());
  ConnectionPool pool(loop.get_executor(), sweeper, buffers, at(server), {}, tls);
  for (int i = 0; i < 5; ++i) {
    Abortable* waiting_on = nullptr;
    auto connection = pool.take(seconds(10));
    if (i > 0) ASSERT_NE(connection, nullptr) << "session tickets are no reason to drop a connection";
    if (connection == nullptr) {
      loop.restart();
      auto made = sallyport::testing::run_task_on(
          loop, [&](Executor) { return pool.connect(Deadline::after(clock.now(), seconds(10)), waiting_on); });
      ASSERT_TRUE(made.has_value()) << made.error().detail;
      connection = std::move(*made);
    }
    EXPECT_EQ(ask(*connection, "").value_or("nothing"), "hello");
    ASSERT_TRUE(connection->reusable());
    pool.give_back(std::move(connection));
  }
  EXPECT_EQ(server.seen().connections, 1);
  EXPECT_EQ(server.seen().requests, 5);
}

TEST_F(ClientTlsTest, NoticesThatARestingConnectionWasClosedOrSpokenOn) {
  const ClientTls tls("localhost", certificates().ca_file());
  const struct {
    const char* name;
    std::string more;
    TlsServer::Then then;
  } rows[] = {{"close_notify", "", TlsServer::Then::Close},
              {"a cut", "", TlsServer::Then::Cut},
              {"unasked bytes", std::string(20000, 'X'), TlsServer::Then::Remain}};
  for (const auto& row : rows) {
    const TlsServer server(certificates(), answering(std::string(kHello) + row.more, row.then));
    ClientConnection connection(loop.get_executor(), sweeper, buffers);
    ASSERT_TRUE(connect(connection, server, tls).has_value()) << row.name;
    ASSERT_EQ(ask(connection).value_or("nothing"), "hello") << row.name;
    if (connection.reusable()) connection.rest(clock.now());
    const auto end = clock.now() + seconds(10);
    while (!connection.stale() && clock.now() < end) std::this_thread::yield();
    EXPECT_TRUE(connection.stale()) << row.name;
  }
}

TEST_F(ClientTlsTest, SaysGoodbye) {
  const TlsServer server(certificates(), answering(kHello, TlsServer::Then::Remain));
  ASSERT_TRUE(ask_once(server, ClientTls("localhost", certificates().ca_file())).has_value());
  const auto end = clock.now() + seconds(10);
  while (server.seen().ends == 0 && clock.now() < end) std::this_thread::yield();
  EXPECT_EQ(server.seen().ends, 1);
}

TEST_F(ClientTlsTest, NamesAFileThatItCannotUse) {
  try {
    const ClientTls tls("localhost", "/nonexistent/ca.pem");
    FAIL() << "no exception";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent/ca.pem"));
  }
  EXPECT_THROW(ClientTls("", certificates().ca_file()), std::runtime_error);
  EXPECT_THROW(ClientTls(std::string("localhost\0.evil", 15), certificates().ca_file()), std::runtime_error);
}

}  // namespace
}  // namespace sallyport::net
