#include "sallyport/tokens/jwks_source.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include "sallyport/testing/run_task.hpp"
#include "sallyport/tokens/jwks.hpp"

namespace sallyport::tokens {
namespace {

using runtime::Executor;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

struct GoodUrl {
  const char *text, *host, *path, *authority;
  std::uint16_t port;
  bool tls;
};

TEST(JwksUrl, IsTakenApart) {
  const GoodUrl rows[] = {
      {"http://127.0.0.1:9001/.well-known/jwks.json", "127.0.0.1", "/.well-known/jwks.json", "127.0.0.1:9001", 9001,
       false},
      {"http://localhost/k?a=b", "localhost", "/k?a=b", "localhost", 80, false},
      {"http://[::1]:81/k", "::1", "/k", "[::1]:81", 81, false},
      {"https://ID.Example/keys", "id.example", "/keys", "id.example", 443, true},
      {"https://id.example:8443", "id.example", "/", "id.example:8443", 8443, true},
  };
  for (const GoodUrl& row : rows) {
    const auto url = JwksUrl::parse(row.text, PlainHttp::LoopbackOnly);
    ASSERT_TRUE(url.has_value()) << row.text << ": " << url.error().detail;
    EXPECT_EQ(url->host, row.host) << row.text;
    EXPECT_EQ(url->path, row.path) << row.text;
    EXPECT_EQ(url->authority, row.authority) << row.text;
    EXPECT_EQ(url->port, row.port) << row.text;
    EXPECT_EQ(url->tls, row.tls) << row.text;
  }
}

TEST(JwksUrl, WithPlainHttpMustBeLoopbackUnlessAllowed) {
  for (const char* text :
       {"http://10.0.0.1/k", "http://auth:9001/k", "http://localhost.evil.example/k", "http://[fe80::1]/k"}) {
    EXPECT_FALSE(JwksUrl::parse(text, PlainHttp::LoopbackOnly).has_value()) << text;
    EXPECT_TRUE(JwksUrl::parse(text, PlainHttp::Anywhere).has_value()) << text;
  }
}

TEST(JwksUrl, RefusesEverythingElse) {
  for (const std::string& text : std::vector<std::string>{
           "", "127.0.0.1/k", "file:///etc/passwd", "ftp://127.0.0.1/k", "HTTP://127.0.0.1/k", "http://", "http:///k",
           "http://user@127.0.0.1/k", "http://user:pw@127.0.0.1/k", "http://127.0.0.1:0/k", "http://127.0.0.1:99999/k",
           "http://127.1/k", "http://127.0.0.1/k#frag", "http://127.0.0.1?x", "http://127.0.0.1/a b",
           "http://127.0.0.1/k\r\nX: y", "http://127.0.0.1/\x80", "http://127.0.0.1/" + std::string(2048, 'a')}) {
    EXPECT_FALSE(JwksUrl::parse(text, PlainHttp::Anywhere).has_value()) << text;
  }
}

/// A server on a thread of its own that answers every request with the same bytes and closes.
class OneAnswerServer final {
 public:
  enum class Then { Close, Silence };
  explicit OneAnswerServer(std::string answer, Then then = Then::Close)
      : acceptor_(loop_, {asio::ip::address_v4::loopback(), 0}),
        answer_(std::move(answer)),
        then_(then),
        thread_([this] { serve(); }) {}
  ~OneAnswerServer() {
    stopping_ = true;
    ErrorCodeSys ignored;
    asio::ip::tcp::socket wake(loop_);
    wake.connect({asio::ip::address_v4::loopback(), port()}, ignored);
    thread_.join();
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  int requests() const { return requests_; }
  std::string request() const { return requests_ > 0 ? request_ : std::string(); }  ///< the last one

 private:
  void serve() {
    std::vector<asio::ip::tcp::socket> silent;
    while (!stopping_) {
      ErrorCodeSys ec;
      asio::ip::tcp::socket socket(loop_);
      acceptor_.accept(socket, ec);
      if (ec || stopping_) continue;
      std::string request;
      asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", ec);
      request_ = request;
      ++requests_;
      asio::write(socket, asio::buffer(answer_), ec);
      if (then_ == Then::Silence) silent.push_back(std::move(socket));
    }
  }

  asio::io_context loop_{1};
  asio::ip::tcp::acceptor acceptor_;
  std::string answer_, request_;
  Then then_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> requests_{0};
  std::thread thread_;
};

struct HttpJwksSourceTest : ::testing::Test {
  asio::io_context loop{1};
  SystemClock clock;
  net::Sweeper sweeper{loop.get_executor(), clock, milliseconds(2)};
  net::BufferPool buffers{4096, 4};

  Result<std::string> fetch(const std::string& url, HttpJwksSource::Resolve resolve = {},
                            milliseconds limit = seconds(10)) {
    HttpJwksSource source(loop.get_executor(), sweeper, buffers, JwksUrl::parse(url, PlainHttp::Anywhere).value(),
                          std::move(resolve));
    loop.restart();  // the fetch before may have left it without work
    return sallyport::testing::run_task_on(loop,
                                           [&](Executor) { return source.fetch(Deadline::after(clock.now(), limit)); });
  }
  Result<std::string> fetch(const OneAnswerServer& server, milliseconds limit = seconds(10)) {
    return fetch("http://127.0.0.1:" + std::to_string(server.port()) + "/keys?v=1", {}, limit);
  }
  std::string refusal(const std::string& answer) {
    const OneAnswerServer server(answer);
    const auto text = fetch(server);
    EXPECT_FALSE(text.has_value()) << answer.substr(0, 100);
    return text ? "" : text.error().detail;
  }
};

TEST_F(HttpJwksSourceTest, BringsTheBody) {
  const OneAnswerServer server(
      "HTTP/1.1 200 OK\r\nContent-Length: 11\r\nContent-Type: text/plain\r\n\r\n{\"keys\":[]}");
  const auto text = fetch(server);
  ASSERT_TRUE(text.has_value()) << text.error().detail;
  EXPECT_EQ(*text, "{\"keys\":[]}");
  EXPECT_THAT(server.request(), ::testing::StartsWith("GET /keys?v=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST_F(HttpJwksSourceTest, BringsAChunkedBodyOfExactlyTheLimit) {
  std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 16; ++i) answer += "1000\r\n" + std::string(4096, 'k') + "\r\n";
  const OneAnswerServer server(answer + "0\r\n\r\n");
  const auto text = fetch(server);
  ASSERT_TRUE(text.has_value()) << text.error().detail;
  EXPECT_EQ(text->size(), kJwksBytesMax);
}

TEST_F(HttpJwksSourceTest, FollowsNoRedirect) {
  const OneAnswerServer other("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  const std::string location = "Location: http://127.0.0.1:" + std::to_string(other.port()) + "/\r\n";
  for (const char* status : {"301", "302", "303", "307", "308"}) {
    EXPECT_THAT(refusal("HTTP/1.1 " + std::string(status) + " Moved\r\n" + location + "Content-Length: 2\r\n\r\n{}"),
                HasSubstr(status));
  }
  EXPECT_EQ(other.requests(), 0);
}

TEST_F(HttpJwksSourceTest, TakesNothingButA200) {
  for (const char* status : {"201", "203", "204", "206", "304", "401", "404", "500", "503"}) {
    EXPECT_THAT(refusal("HTTP/1.1 " + std::string(status) + " X\r\nContent-Length: 0\r\n\r\n"), HasSubstr(status));
  }
}

TEST_F(HttpJwksSourceTest, RefusesWhatIsTooLongOrCodedOrCut) {
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n"), HasSubstr("longer"));
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), HasSubstr("longer"));
  std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) chunked += "1000\r\n" + std::string(4096, 'k') + "\r\n";
  EXPECT_THAT(refusal(chunked), HasSubstr("longer"));
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"), HasSubstr("coding"));
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\""), HasSubstr("read"));
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"keys\":[]}"), HasSubstr("length"));
  EXPECT_THAT(refusal("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), HasSubstr("invalid"));
  EXPECT_THAT(refusal("SSH-2.0-x\r\n"), HasSubstr("invalid"));
  EXPECT_FALSE(refusal("").empty());
}

TEST_F(HttpJwksSourceTest, GivesUpAtTheDeadline) {
  const OneAnswerServer server("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{", OneAnswerServer::Then::Silence);
  const auto text = fetch(server, milliseconds(20));
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code, ErrorCode::GatewayTimeout);
}

TEST_F(HttpJwksSourceTest, EndsWhenItIsAborted) {
  const OneAnswerServer server("", OneAnswerServer::Then::Silence);
  HttpJwksSource source(
      loop.get_executor(), sweeper, buffers,
      JwksUrl::parse("http://127.0.0.1:" + std::to_string(server.port()), PlainHttp::LoopbackOnly).value());
  asio::steady_timer watch(loop, milliseconds(1));
  std::function<void(ErrorCodeSys)> look = [&](ErrorCodeSys) {
    if (server.requests() > 0) return source.abort();
    watch.expires_after(milliseconds(1));
    watch.async_wait(look);
  };
  watch.async_wait(look);
  const auto text = sallyport::testing::run_task_on(
      loop, [&](Executor) { return source.fetch(Deadline::after(clock.now(), seconds(20))); });
  ASSERT_FALSE(text.has_value());
  EXPECT_THAT(text.error().detail, HasSubstr("gone"));
}

runtime::Task<Result<std::vector<asio::ip::tcp::endpoint>>> resolve_to_dead_then_live(std::string host,
                                                                                      std::uint16_t port, Deadline) {
  EXPECT_EQ(host, "id.example");
  asio::ip::tcp::endpoint dead(asio::ip::make_address("127.0.0.1"), 1), live(asio::ip::make_address("127.0.0.1"), port);
  co_return std::vector{dead, live};
}

TEST_F(HttpJwksSourceTest, LooksNamesUpAndTriesEachAddress) {
  const OneAnswerServer server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
  const std::string url = "http://id.example:" + std::to_string(server.port()) + "/";
  const auto text = fetch(url, &resolve_to_dead_then_live);
  ASSERT_TRUE(text.has_value()) << text.error().detail;
  EXPECT_THAT(server.request(), HasSubstr("Host: id.example:"));
  EXPECT_FALSE(fetch(url).has_value());  // nobody to look the name up
}

TEST_F(HttpJwksSourceTest, SaysWhenNobodyListens) {
  std::uint16_t port = 0;
  {
    const OneAnswerServer gone("");
    port = gone.port();
  }
  const auto text = fetch("http://localhost:" + std::to_string(port) + "/");
  ASSERT_FALSE(text.has_value());
  EXPECT_THAT(text.error().detail, HasSubstr("connect"));
}

}  // namespace
}  // namespace sallyport::tokens
