#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probe_service.hpp"
#include "sallyport/testing/redis_server.hpp"

namespace sallyport::service {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ServiceTest : public ::testing::Test {
 protected:
  Probe probe_;
};

TEST_F(ServiceTest, TakesRequestsToTheirHandlers) {
  ASSERT_TRUE(probe_.start().has_value());
  EXPECT_THAT(probe_.ask("GET /open/7%20x"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("7%20x for anybody")));
  EXPECT_THAT(probe_.ask("GET /open/7"), HasSubstr("X-Request-Id: "));
  EXPECT_THAT(probe_.ask("HEAD /open/7"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(probe_.ask("GET /open/"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(probe_.ask("GET /open/7/8"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(probe_.ask("DELETE /open/7"), AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD\r\n")));
  EXPECT_THAT(probe_.ask("BREW /open/7"), HasSubstr("X-Request-Id: "));
}

TEST_F(ServiceTest, AsksBearersForWhatTheRouteWants) {
  ASSERT_TRUE(probe_.start().has_value());
  EXPECT_THAT(probe_.ask("GET /things/7"),
              AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("authentication_required"), HasSubstr("WWW-Authenticate")));
  EXPECT_THAT(probe_.ask("GET /things/7", probe_.bearer()), HasSubstr("7 for u-1 as user"));
  EXPECT_THAT(probe_.ask("GET /admin/7"), StartsWith("HTTP/1.1 401"));
  EXPECT_THAT(probe_.ask("GET /admin/7", probe_.bearer()), AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("forbidden")));
  EXPECT_THAT(probe_.ask("GET /admin/7", probe_.bearer("admin")), HasSubstr("7 for u-1 as admin"));
  EXPECT_THAT(probe_.ask("GET /open/7", probe_.bearer()), HasSubstr("7 for anybody"));
}

TEST_F(ServiceTest, ReadsWholeBodiesWithinTheirLimit) {
  ASSERT_TRUE(probe_.start().has_value());
  const std::string json = "Content-Type: application/json\r\n";
  EXPECT_THAT(probe_.ask("POST /things", json, "{\"a\":1}"), AllOf(StartsWith("HTTP/1.1 201"), HasSubstr("{\"a\":1}")));
  EXPECT_THAT(probe_.ask("POST /things", json), StartsWith("HTTP/1.1 201")) << "emptiness is the next step's question";
  EXPECT_THAT(probe_.ask("POST /things", json, std::string(64, 'x')), StartsWith("HTTP/1.1 201"));
  EXPECT_THAT(probe_.ask("POST /things", json, std::string(65, 'x')),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("larger than 64 bytes")));
  EXPECT_THAT(probe_.ask("POST /things", json + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"),
              AllOf(StartsWith("HTTP/1.1 201"), HasSubstr("abc")));
  for (const char* type : {"", "Content-Type: text/plain\r\n", "Content-Type: application/json; charset=latin1\r\n",
                           "Content-Type: application/json\r\nContent-Type: application/json\r\n"}) {
    EXPECT_THAT(probe_.ask("POST /things", type, "{}"), StartsWith("HTTP/1.1 415")) << type;
  }
  EXPECT_THAT(probe_.ask("POST /things", "Content-Type: Application/JSON ; charset=\"UTF-8\"\r\n", "{}"),
              StartsWith("HTTP/1.1 201"));
}

TEST_F(ServiceTest, TellsNothingOfItsOwnTroubles) {
  ASSERT_TRUE(probe_.start().has_value());
  EXPECT_THAT(probe_.ask("GET /broken"),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 1"), Not(HasSubstr("secret"))));
}

TEST_F(ServiceTest, ServesDocumentsAndItsHealth) {
  ASSERT_TRUE(probe_.start().has_value());
  EXPECT_THAT(probe_.ask("GET /keys"), AllOf(HasSubstr("Cache-Control: public, max-age=300"), HasSubstr("\"keys\"")));
  EXPECT_THAT(probe_.ask("GET /health"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(probe_.ask("GET /health/ready"), HasSubstr(R"({"status":"ok","redis":"none"})"));
  const std::string behind_gateway = "X-Forwarded-For: 203.0.113.7\r\n";
  EXPECT_THAT(probe_.ask("GET /health/ready", behind_gateway), HasSubstr("{\"status\":\"ok\"}\n"));
  EXPECT_THAT(probe_.ask("GET /metrics", behind_gateway), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(probe_.ask("POST /metrics", behind_gateway), StartsWith("HTTP/1.1 404"));
  probe_.ask("GET /open/7");
  EXPECT_THAT(probe_.ask("GET /metrics"),
              AllOf(HasSubstr(R"(probe_requests_total{route="/open/{id}",method="GET",class="2xx"} 1)"),
                    HasSubstr(R"(probe_requests_total{route="none",method="any",class="4xx"} 2)")));
}

TEST_F(ServiceTest, LeadsItsApplicationsThroughTheirLife) {
  probe_.options.threads = 3;
  ASSERT_TRUE(probe_.start().has_value());
  EXPECT_EQ(probe_.log.prepared.load(), 3);
  EXPECT_THAT(probe_.ask("GET /open/7"), StartsWith("HTTP/1.1 200"));
  probe_.service->begin_drain();
  EXPECT_THAT(probe_.ask("GET /health/ready"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("draining")));
  EXPECT_THAT(probe_.ask("GET /open/7"), StartsWith("HTTP/1.1 200"));
  probe_.service->stop();
  probe_.service->stop();
  EXPECT_EQ(probe_.log.started.load(), 3);
  EXPECT_EQ(probe_.log.stopped.load(), 3);
}

TEST_F(ServiceTest, DoesNotStartWhatCannotBePrepared) {
  probe_.log.refuse_to_prepare = "the other end is away";
  const auto started = probe_.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().detail, "the other end is away");
  EXPECT_TRUE(probe_.service->urls().empty());
  EXPECT_EQ(probe_.log.started.load(), 0);
}

TEST_F(ServiceTest, RefusesOptionsThatCannotBeMeant) {
  probe_.options.keys = std::shared_ptr<const tokens::KeySet>();
  EXPECT_THROW((void)probe_.start(), std::invalid_argument);
  Probe no_issuer;
  no_issuer.options.issuer.clear();
  EXPECT_THROW((void)no_issuer.start(), std::invalid_argument);
  Probe twice;
  twice.options.documents.push_back({"/health", "text/plain", "no-store", "mine"});
  EXPECT_THROW((void)twice.start(), std::invalid_argument);
}

TEST_F(ServiceTest, AsksTheDenylistOfAllProcesses) {
  sallyport::testing::RedisServer redis;
  probe_.options.redis = *storage::RedisUrl::parse(redis.url());
  ASSERT_TRUE(probe_.start().has_value());
  EXPECT_THAT(probe_.ask("GET /health/ready"), HasSubstr(R"("redis":"ok")"));
  EXPECT_THAT(probe_.ask("GET /things/7", probe_.bearer()), StartsWith("HTTP/1.1 200"));
  redis.command({"SET", "sp:deny:{s-1}", "1"});
  EXPECT_THAT(probe_.ask("GET /things/7", probe_.bearer()), HasSubstr("token_revoked"));
}

// A gateway refuses them as well; here stands what holds for whoever comes past it.
TEST_F(ServiceTest, WithoutRedisServesUsersAndNoAdministrators) {
  sallyport::testing::RedisServer redis;
  probe_.options.redis = *storage::RedisUrl::parse(redis.url());
  ASSERT_TRUE(probe_.start().has_value());
  EXPECT_THAT(probe_.ask("GET /admin/7", probe_.bearer("admin")), StartsWith("HTTP/1.1 200"));
  redis.kill();
  EXPECT_THAT(probe_.ask("GET /things/7", probe_.bearer()), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(probe_.ask("GET /admin/7", probe_.bearer("admin")),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 1")));
}

TEST_F(ServiceTest, WantsARedisThatKeepsWhatItIsGiven) {
  sallyport::testing::RedisServer redis;
  redis.command({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  probe_.options.redis = *storage::RedisUrl::parse(redis.url());
  const auto started = probe_.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().detail, AllOf(HasSubstr("allkeys-lru"), HasSubstr("noeviction")));
}

}  // namespace
}  // namespace sallyport::service
