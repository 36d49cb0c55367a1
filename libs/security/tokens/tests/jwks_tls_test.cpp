#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "sallyport/testing/certificates.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/testing/tls_server.hpp"
#include "sallyport/tokens/jwks.hpp"
#include "sallyport/tokens/jwks_source.hpp"

namespace sallyport::tokens {
namespace {

using runtime::Executor;
using sallyport::testing::Certificates;
using sallyport::testing::TlsServer;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

constexpr std::string_view kEmptySet = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"keys\":[]}";

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

struct HttpsJwksSourceTest : ::testing::Test {
  asio::io_context loop{1};
  SystemClock clock;
  net::Sweeper sweeper{loop.get_executor(), clock, milliseconds(2)};
  net::BufferPool buffers{4096, 4};

  HttpJwksSource source(const TlsServer& server, const std::string& host, const std::string& ca_file,
                        HttpJwksSource::Resolve resolve = {}) {
    const std::string url = "https://" + host + ":" + std::to_string(server.port()) + "/keys";
    return HttpJwksSource(loop.get_executor(), sweeper, buffers, JwksUrl::parse(url, PlainHttp::LoopbackOnly).value(),
                          std::move(resolve), ca_file);
  }
  Result<std::string> fetch(HttpJwksSource& from, milliseconds limit = seconds(10)) {
    loop.restart();
    return sallyport::testing::run_task_on(loop,
                                           [&](Executor) { return from.fetch(Deadline::after(clock.now(), limit)); });
  }
  /// Why a fetch fails; the server has then not been asked for anything.
  Error refusal(const TlsServer& server, const std::string& host, const std::string& ca_file,
                milliseconds limit = seconds(10)) {
    HttpJwksSource from = source(server, host, ca_file);
    const auto text = fetch(from, limit);
    EXPECT_FALSE(text.has_value());
    EXPECT_EQ(server.seen().requests, 0);
    return text ? Error{} : text.error();
  }
  std::string refused_answer(std::string answer) {
    const TlsServer server(certificates(), {.answer = std::move(answer)});
    HttpJwksSource from = source(server, "localhost", certificates().ca_file());
    const auto text = fetch(from);
    EXPECT_FALSE(text.has_value());
    return text ? "" : text.error().detail;
  }
};

runtime::Task<Result<std::vector<asio::ip::tcp::endpoint>>> resolve_to_loopback(std::string, std::uint16_t port,
                                                                                Deadline) {
  co_return std::vector<asio::ip::tcp::endpoint>{{asio::ip::address_v4::loopback(), port}};
}

TEST_F(HttpsJwksSourceTest, BringsTheBodyFromAServerThatVerifies) {
  const TlsServer server(certificates(), {.answer = std::string(kEmptySet)});
  for (const char* host : {"localhost", "127.0.0.1"}) {
    HttpJwksSource from = source(server, host, certificates().ca_file());
    const auto text = fetch(from);
    ASSERT_TRUE(text.has_value()) << text.error().detail;
    EXPECT_EQ(*text, "{\"keys\":[]}");
  }
  EXPECT_THAT(server.seen().request, ::testing::StartsWith("GET /keys HTTP/1.1\r\nHost: 127.0.0.1:"));
  EXPECT_EQ(server.seen().protocol, "http/1.1");
}

TEST_F(HttpsJwksSourceTest, VerifiesTheNameInTheUrlNotWhatItResolvesTo) {
  const Certificates named("DNS:id.example");
  const TlsServer server(named, {.answer = std::string(kEmptySet)});
  HttpJwksSource right = source(server, "id.example", named.ca_file(), &resolve_to_loopback);
  ASSERT_TRUE(fetch(right).has_value());
  EXPECT_EQ(server.seen().server_name, "id.example");
  HttpJwksSource wrong = source(server, "keys.example", named.ca_file(), &resolve_to_loopback);
  EXPECT_FALSE(fetch(wrong).has_value());
  EXPECT_EQ(server.seen().requests, 1);
}

TEST_F(HttpsJwksSourceTest, RefusesTheWrongHostAnUnknownAuthorityAndAnExpiredCertificate) {
  const Certificates other_name("DNS:other.example"), others, old("DNS:localhost", Certificates::Validity::Expired);
  {
    const TlsServer server(other_name, {.answer = std::string(kEmptySet)});
    EXPECT_THAT(refusal(server, "localhost", other_name.ca_file()).detail, HasSubstr("mismatch"));
  }
  {
    const TlsServer server(certificates(), {.answer = std::string(kEmptySet)});
    EXPECT_THAT(refusal(server, "localhost", others.ca_file()).detail, HasSubstr("does not verify"));
    EXPECT_THAT(refusal(server, "localhost", "").detail, HasSubstr("does not verify"));
  }
  const TlsServer server(old, {.answer = std::string(kEmptySet)});
  EXPECT_THAT(refusal(server, "localhost", old.ca_file()).detail, HasSubstr("expired"));
}

TEST_F(HttpsJwksSourceTest, RefusesAServerThatSpeaksVersion11Only) {
  const TlsServer server(certificates(), {.answer = std::string(kEmptySet), .protocol = TlsServer::Protocol::Tls11});
  EXPECT_THAT(refusal(server, "localhost", certificates().ca_file()).detail, HasSubstr("TLS handshake failed"));
}

TEST_F(HttpsJwksSourceTest, GivesUpOnAHandshakeThatStalls) {
  const TlsServer server(certificates(), {.answer = {}, .hands = TlsServer::Hands::Ignore});
  const Error error = refusal(server, "127.0.0.1", certificates().ca_file(), milliseconds(20));
  EXPECT_EQ(error.code, ErrorCode::GatewayTimeout);
}

TEST_F(HttpsJwksSourceTest, FollowsNoRedirect) {
  const TlsServer other(certificates(), {.answer = std::string(kEmptySet)});
  const std::string target = "https://localhost:" + std::to_string(other.port()) + "/";
  EXPECT_THAT(refused_answer("HTTP/1.1 302 Found\r\nLocation: " + target + "\r\nContent-Length: 0\r\n\r\n"),
              HasSubstr("302"));
  EXPECT_EQ(other.seen().connections, 0);
}

TEST_F(HttpsJwksSourceTest, RefusesWhatIsTooLargeOrCut) {
  EXPECT_THAT(refused_answer("HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n"), HasSubstr("longer"));
  std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 17; ++i) chunked += "1000\r\n" + std::string(4096, 'k') + "\r\n";
  EXPECT_THAT(refused_answer(chunked), HasSubstr("longer"));
  EXPECT_FALSE(refused_answer("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ke").empty());
  std::string whole = "HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + std::string(kJwksBytesMax, 'k');
  const TlsServer server(certificates(), {.answer = std::move(whole)});
  HttpJwksSource from = source(server, "localhost", certificates().ca_file());
  EXPECT_EQ(fetch(from).value_or("").size(), kJwksBytesMax);
}

TEST_F(HttpsJwksSourceTest, SaysWhichAuthorityFileItCannotUse) {
  const TlsServer server(certificates(), {.answer = {}});
  EXPECT_THROW(source(server, "localhost", "/nonexistent.pem"), std::runtime_error);
}

}  // namespace
}  // namespace sallyport::tokens
