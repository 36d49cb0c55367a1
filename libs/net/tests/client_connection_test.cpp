#include "sallyport/net/client_connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "sallyport/net/connection_pool.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/testing/run_task.hpp"

namespace sallyport::net {
namespace {

using runtime::Executor;
using runtime::Task;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

Task<Result<std::string>> read_answer(ClientConnection& connection, http::Method method) {
  http::ResponseHead head;
  if (auto read = co_await connection.read_head(method, head); !read) co_return std::unexpected(read.error());
  std::string text = std::to_string(head.status) + " ";
  for (;;) {
    auto piece = co_await connection.next_body();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) co_return text;
    text.append(piece->data(), piece->size());
  }
}

/// The server is the test itself, on blocking sockets: what it writes is there before the client looks.
struct ClientConnectionTest : ::testing::Test {
  asio::io_context loop{1};
  sallyport::testing::FakeClock clock;
  Sweeper sweeper{loop.get_executor(), clock, 1ms};
  BufferPool buffers{4096, 4};
  asio::io_context server_loop{1};
  asio::ip::tcp::acceptor acceptor{server_loop, {asio::ip::address_v4::loopback(), 0}};
  std::vector<asio::ip::tcp::socket> peers;
  ConnectionPoolOptions options;

  std::unique_ptr<ConnectionPool> pool() {
    return std::make_unique<ConnectionPool>(loop.get_executor(), sweeper, buffers, acceptor.local_endpoint(), options);
  }
  std::unique_ptr<ClientConnection> connect(ConnectionPool& from) {
    loop.restart();
    Abortable* waiting_on = nullptr;
    auto made = sallyport::testing::run_task_on(
        loop, [&](Executor) { return from.connect(Deadline::after(clock.now(), 10s), waiting_on); });
    EXPECT_TRUE(made.has_value());
    peers.push_back(acceptor.accept());
    return std::move(*made);
  }
  Result<std::string> read(ClientConnection& connection, http::Method method = http::Method::Get) {
    loop.restart();
    return sallyport::testing::run_task_on(loop, [&](Executor) { return read_answer(connection, method); });
  }
  Result<std::string> exchange(ClientConnection& connection, std::string_view answer,
                               http::Method method = http::Method::Get) {
    EXPECT_TRUE(connection.send_now(kRequest, {}, {}).value());
    asio::write(peers.back(), asio::buffer(answer));
    return read(connection, method);
  }
  std::string refusal(std::string_view answer) {
    const auto from = pool();
    const auto connection = connect(*from);
    const auto text = exchange(*connection, answer);
    EXPECT_FALSE(text.has_value()) << answer;
    EXPECT_FALSE(connection->reusable());
    return text ? "" : text.error().detail;
  }
};

TEST_F(ClientConnectionTest, ReadsEveryFraming) {
  const struct {
    const char* answer;
    const char* text;
    http::Method method = http::Method::Get;
    bool reusable = true;
  } rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200 hello"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "200 hello"},
      {"HTTP/1.1 204 No\r\n\r\n", "204 "},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200 ", http::Method::Head},
      {"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 100 Go\r\n\r\nHTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "404 "},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi", "200 hi", http::Method::Get, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 hi", http::Method::Get, false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n", "200 hi", http::Method::Get, false},
  };
  for (const auto& row : rows) {
    const auto from = pool();
    const auto connection = connect(*from);
    EXPECT_EQ(exchange(*connection, row.answer, row.method).value_or("nothing"), row.text) << row.answer;
    EXPECT_EQ(connection->reusable(), row.reusable) << row.answer;
  }
}

TEST_F(ClientConnectionTest, RefusesWhatIsNoAnswer) {
  EXPECT_THAT(refusal("SSH-2.0-x\r\n\r\n"), HasSubstr("invalid answer"));
  EXPECT_THAT(refusal("HTTP/1.1 101 Switching Protocols\r\n\r\n"), HasSubstr("unasked"));
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), HasSubstr("chunked"));
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'x') + "\r\n\r\n"), HasSubstr("invalid answer"));
  std::string interim;
  for (int i = 0; i < 20; ++i) interim += "HTTP/1.1 100 Go\r\n\r\n";
  EXPECT_THAT(refusal(interim), HasSubstr("interim"));
}

TEST_F(ClientConnectionTest, TakesACutForNoEnd) {
  for (const char* answer : {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
                             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"}) {
    const auto from = pool();
    const auto connection = connect(*from);
    ASSERT_TRUE(connection->send_now(kRequest, {}, {}).value());
    asio::write(peers.back(), asio::buffer(std::string_view(answer)));
    peers.back().shutdown(asio::ip::tcp::socket::shutdown_send);
    const auto text = read(*connection);
    ASSERT_FALSE(text.has_value()) << answer;
    EXPECT_EQ(text.error().code, ErrorCode::BadGateway);
    EXPECT_EQ(text.error().origin, ErrorOrigin::Upstream);
    EXPECT_FALSE(connection->reusable());
  }
}

TEST_F(ClientConnectionTest, WaitsNoLongerThanItsDeadline) {
  const auto from = pool();
  const auto connection = connect(*from);
  connection->set_deadline(Deadline::after(clock.now(), 5s));
  ASSERT_TRUE(connection->send_now(kRequest, {}, {}).value());
  runtime::Timer later(loop.get_executor(), 1ms);
  later.async_wait([&](ErrorCodeSys) { clock.advance(6s); });
  const auto text = read(*connection);
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code, ErrorCode::GatewayTimeout);
  EXPECT_FALSE(connection->reusable());
}

TEST_F(ClientConnectionTest, PoolGivesTheWarmestAndDropsTheColdest) {
  options.idle_max = 2;
  const auto from = pool();
  std::vector<std::unique_ptr<ClientConnection>> out;
  std::vector<const ClientConnection*> order;
  for (int i = 0; i < 3; ++i) {
    out.push_back(connect(*from));
    ASSERT_TRUE(exchange(*out.back(), kHello).has_value());
    order.push_back(out.back().get());
  }
  for (auto& connection : out) from->give_back(std::move(connection));
  EXPECT_EQ(from->idle(), 2U);
  EXPECT_EQ(from->take(10s).get(), order[2]);
  EXPECT_EQ(from->take(10s).get(), order[1]);
  EXPECT_EQ(from->take(10s), nullptr);
}

TEST_F(ClientConnectionTest, PoolNeverGivesOneThatWasClosedOrSpokenOn) {
  for (const char* unasked : {"", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    const auto from = pool();
    auto connection = connect(*from);
    ASSERT_TRUE(exchange(*connection, kHello).has_value());
    from->give_back(std::move(connection));
    ASSERT_EQ(from->idle(), 1U);
    asio::write(peers.back(), asio::buffer(std::string_view(unasked)));
    if (*unasked == '\0') peers.back().close();
    EXPECT_EQ(from->take(10s), nullptr) << unasked;
    EXPECT_EQ(from->idle(), 0U);
  }
}

TEST_F(ClientConnectionTest, PoolTakesBackOnlyWhatCanBeUsedAgain) {
  const auto from = pool();
  auto unread = connect(*from);
  ASSERT_TRUE(unread->send_now(kRequest, {}, {}).value());
  from->give_back(std::move(unread));
  auto half_sent = connect(*from);
  half_sent->set_body_unsent(true);
  from->give_back(std::move(half_sent));
  EXPECT_EQ(from->idle(), 0U);
}

TEST_F(ClientConnectionTest, PoolForgetsWhatRestsTooLong) {
  options.idle_timeout = 30s;
  const auto from = pool();
  const auto rest = [&](std::string_view answer) {
    auto connection = connect(*from);
    ASSERT_TRUE(exchange(*connection, answer).has_value());
    from->give_back(std::move(connection));
  };
  rest(kHello);
  clock.advance(10s);
  EXPECT_EQ(from->take(9s), nullptr);
  EXPECT_EQ(from->idle(), 1U) << "too cold for this caller only";
  clock.advance(20s);
  from->sweep(clock.now());
  EXPECT_EQ(from->idle(), 0U);
  rest("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n");
  clock.advance(4s);
  from->sweep(clock.now());
  EXPECT_EQ(from->idle(), 0U) << "a second before its server closes it";
}

TEST_F(ClientConnectionTest, PoolSaysWhenNobodyListens) {
  const auto from = pool();
  acceptor.close();
  Abortable* waiting_on = nullptr;
  const auto made = sallyport::testing::run_task_on(
      loop, [&](Executor) { return from->connect(Deadline::after(clock.now(), 10s), waiting_on); });
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::BadGateway);
  EXPECT_THAT(made.error().detail, HasSubstr("connect"));
}

}  // namespace
}  // namespace sallyport::net
