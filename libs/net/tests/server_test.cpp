#include "sallyport/net/server.hpp"

#include <chrono>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sallyport/net/problem.hpp"
#include "sallyport/net/request_body.hpp"
#include "sallyport/runtime/task_scope.hpp"

namespace sallyport::net {
namespace {

using runtime::into;
using runtime::Task;
using namespace std::chrono_literals;

IpAddress address(const char* text) {
  return *IpAddress::parse(text);
}

TEST(ConnectionBudget, RefusesOnePastEitherLimitAndTakesAgainAfterAReturn) {
  ConnectionBudget budget(3, 2);
  EXPECT_TRUE(budget.take(address("192.0.2.1")));
  EXPECT_TRUE(budget.take(address("192.0.2.1")));
  EXPECT_FALSE(budget.take(address("192.0.2.1")));
  EXPECT_TRUE(budget.take(address("192.0.2.2")));
  EXPECT_FALSE(budget.take(address("192.0.2.3")));
  EXPECT_EQ(budget.open(), 3U);
  budget.give_back(address("192.0.2.1"));
  EXPECT_TRUE(budget.take(address("192.0.2.3")));
}

TEST(ConnectionBudget, CountsAnIpv6NetworkAsOneClient) {
  ConnectionBudget budget(100, 2);
  EXPECT_TRUE(budget.take(address("2001:db8::1")));
  EXPECT_TRUE(budget.take(address("2001:db8::2")));
  EXPECT_FALSE(budget.take(address("2001:db8::3")));
  EXPECT_TRUE(budget.take(address("2001:db8:0:1::1")));
  budget.give_back(address("2001:db8::2"));
  EXPECT_TRUE(budget.take(address("2001:db8::4")));
}

/// Answers as the test says.
class Scripted : public Application {
 public:
  std::unique_ptr<Exchange> make_exchange() override { return std::make_unique<Exchange>(); }
  std::optional<Response> begin(Exchange&) override { return std::nullopt; }
  Response refuse(Exchange&, const Error& error, std::string_view) override { return problem(error.code, {}); }
  void finished(Exchange&, const Completion& completion) override { completions.push_back(completion); }

  std::vector<Completion> completions;
};

/// A server on a free loopback port, driven from the test's own thread.
class Running {
 public:
  Running(Application& application, const ServerLimits& limits, int send_buffer = 0)
      : server_(io_.get_executor(), clock_, limits, budget_, application, logger_) {
    ListenPoint point{address("127.0.0.1"), 0};
    const int fd = open_listener(point);
    if (send_buffer != 0) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
    port_ = point.port;
    server_.listen(fd);
  }
  ~Running() {
    server_.stop_accepting();
    server_.abort_connections();
    io_.run();
    for (const int fd : clients_) ::close(fd);
  }

  /// A connection that has sent `text` and reads nothing.
  int client(std::string_view text) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    clients_.push_back(fd);
    const int small = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port_);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
    EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    return fd;
  }

  bool run_until(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!done() && std::chrono::steady_clock::now() < end) io_.run_one_until(end);
    return done();
  }

  std::uint32_t open() const noexcept { return budget_.open(); }
  runtime::Executor executor() noexcept { return io_.get_executor(); }

 private:
  SystemClock clock_;
  asio::io_context io_{1};
  log::Logger logger_{{.level = log::Level::Off}, {}};
  ConnectionBudget budget_{1000, 1000};
  Server server_;
  std::uint16_t port_ = 0;
  std::vector<int> clients_;
};

/// What the body of an answer and the work beside it would share.
struct Shared {
  bool body_alive = false;
  bool stopped_in_time = false;
};

class Breaking final : public BodySource {
 public:
  explicit Breaking(Shared& shared) : shared_(shared) { shared_.body_alive = true; }
  ~Breaking() override { shared_.body_alive = false; }
  Task<Result<std::span<const char>>> next() override {
    if (sent_) throw std::bad_alloc();
    sent_ = true;
    co_return std::span<const char>("hello", 5);
  }

 private:
  Shared& shared_;
  bool sent_ = false;
};

class Watching final : public Background {
 public:
  explicit Watching(Shared& shared) : shared_(shared) {}
  Task<> stop() override {
    shared_.stopped_in_time = shared_.body_alive;
    co_return;
  }

 private:
  Shared& shared_;
};

class BreakingInTheMiddle final : public Scripted {
 public:
  Task<Response> handle(Exchange& exchange) override {
    exchange.background = std::make_unique<Watching>(shared);
    Response response;
    response.body = std::make_unique<Breaking>(shared);
    co_return response;
  }
  Shared shared;
};

TEST(Server, StopsTheWorkInTheBackgroundBeforeAFailedAnswerGoes) {
  BreakingInTheMiddle application;
  Running running(application, {});
  const int fd = running.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(running.run_until([&] { return !application.completions.empty() && running.open() == 0; }));
  EXPECT_TRUE(application.shared.stopped_in_time);
  EXPECT_TRUE(application.completions.front().aborted);
  char bytes[4096];
  ssize_t n = 0;
  std::string got;
  while ((n = ::recv(fd, bytes, sizeof bytes, 0)) > 0) got.append(bytes, static_cast<std::size_t>(n));
  EXPECT_EQ(n, -1) << "a cut answer must end in a reset, not in order: " << got;
}

/// Answers GET /N with N bytes, and takes the bodies of the others.
class Talkative final : public Scripted {
 public:
  Task<Response> handle(Exchange& exchange) override {
    auto taken = co_await exchange.body->prefetch(100);
    if (!taken) co_return refuse(exchange, taken.error(), {});
    Response response;
    response.body =
        std::string(static_cast<std::size_t>(std::atoi(std::string(exchange.request.path.substr(1)).c_str())), 'x');
    co_return response;
  }
};

TEST(Server, DoesNotWaitForEverToSayContinueToAClientThatDoesNotRead) {
  Talkative application;
  ServerLimits limits;
  limits.write_stall_timeout = limits.body_idle_timeout = limits.keep_alive_timeout = 200ms;
  Running running(application, limits, 1);
  const auto ask = [](std::uint64_t bytes) { return "GET /" + std::to_string(bytes) + " HTTP/1.1\r\nHost: a\r\n\r\n"; };
  const auto all_gone = [&] { return !application.completions.empty() && running.open() == 0; };
  // How much does the kernel take of small answers that nobody reads?
  std::string many;
  for (int i = 0; i < 100; ++i) many += ask(100);
  running.client(many);
  ASSERT_TRUE(running.run_until(all_gone));
  const std::uint64_t one = application.completions.front().bytes_out;
  std::uint64_t room = 0;
  for (const Completion& completion : application.completions) room += completion.bytes_out;
  ASSERT_TRUE(application.completions.back().aborted);
  // Some of these answers fill it to the last bytes, and then it is 100 (Continue) that has to wait.
  application.completions.clear();
  for (std::uint64_t less = 0; less < 200; less += 4) {
    const std::uint64_t answers = (room - less) / one - 1;
    std::string text;
    for (std::uint64_t i = 0; i < answers; ++i) text += ask(100);
    text += ask(100 + room - less - (answers + 1) * one);
    running.client(text + "POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  }
  EXPECT_TRUE(running.run_until(all_gone)) << running.open() << " connections hang";
}

}  // namespace
}  // namespace sallyport::net
