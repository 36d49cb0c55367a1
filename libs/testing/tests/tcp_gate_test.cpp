#include "sallyport/testing/tcp_gate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <boost/asio/write.hpp>

#include "sallyport/runtime/task.hpp"
#include "sallyport/testing/redis_server.hpp"

namespace sallyport::testing {
namespace {

using Tcp = asio::ip::tcp;

/// A blocking client that notes what it is told.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(loop_) {
    socket_.connect(Tcp::endpoint(asio::ip::address_v4::loopback(), port), error_);
    const timeval limit{.tv_sec = 0, .tv_usec = 200'000};
    if (!error_) ::setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  /// What comes back within a fifth of a second, at most `bytes`.
  std::string ask(std::string_view text, std::size_t bytes) {
    asio::write(socket_, asio::buffer(text), error_);
    std::string reply;
    while (!error_ && reply.size() < bytes) {
      char piece[64];
      const ssize_t n = ::recv(socket_.native_handle(), piece, std::min(sizeof piece, bytes - reply.size()), 0);
      if (n <= 0) {
        if (n < 0) error_ = ErrorCodeSys(errno, boost::system::system_category());
        break;
      }
      reply.append(piece, static_cast<std::size_t>(n));
    }
    return reply;
  }
  const ErrorCodeSys& error() const { return error_; }

 private:
  asio::io_context loop_;
  runtime::TcpSocket socket_;
  ErrorCodeSys error_;
};

RedisServer& server() {
  static RedisServer instance;
  return instance;
}

constexpr std::string_view kPing = "PING\r\n";
constexpr std::string_view kPong = "+PONG\r\n";

TEST(TcpGate, PassesOn) {
  TcpGate gate(server().port());
  Client client(gate.port());
  EXPECT_EQ(client.ask(kPing, 7), kPong);
  gate.slice();
  EXPECT_EQ(client.ask(kPing, 7), kPong);
  EXPECT_EQ(gate.accepted(), 1U);
}

TEST(TcpGate, RefusesAndOpensAgain) {
  TcpGate gate(server().port());
  gate.refuse();
  EXPECT_EQ(Client(gate.port()).error(), asio::error::connection_refused);
  gate.forward();
  EXPECT_EQ(Client(gate.port()).ask(kPing, 7), kPong);
}

TEST(TcpGate, AcceptsAndSaysNothing) {
  TcpGate gate(server().port());
  gate.silence();
  Client client(gate.port());
  EXPECT_EQ(client.ask(kPing, 7), "");
  EXPECT_EQ(client.error(), asio::error::would_block);
}

TEST(TcpGate, CutsAfterSoManyBytes) {
  TcpGate gate(server().port());
  gate.cut_after(10);
  Client client(gate.port());
  EXPECT_EQ(client.ask(kPing, 7), kPong);
  const std::string rest = client.ask(kPing, 7);
  EXPECT_TRUE(kPong.substr(0, 3).starts_with(rest)) << rest;
  EXPECT_EQ(client.error(), asio::error::connection_reset);
}

TEST(TcpGate, Delays) {
  TcpGate gate(server().port());
  gate.delay(std::chrono::milliseconds(40));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Client(gate.port()).ask(kPing, 7), kPong);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(79));
}

TEST(TcpGate, DropsLivingConnections) {
  TcpGate gate(server().port());
  Client client(gate.port());
  EXPECT_EQ(client.ask(kPing, 7), kPong);
  gate.drop_all();
  EXPECT_EQ(client.ask(kPing, 7), "");
  EXPECT_TRUE(client.error() == asio::error::connection_reset || client.error() == asio::error::broken_pipe);
}

}  // namespace
}  // namespace sallyport::testing
