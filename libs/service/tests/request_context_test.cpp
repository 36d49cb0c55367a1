#include "sallyport/service/request_context.hpp"

#include <gtest/gtest.h>

#include "sallyport/core/uuid.hpp"
#include "sallyport/testing/fake_clock.hpp"

namespace sallyport::service {
namespace {

constexpr const char* kId = "0190163d-8694-739b-aea5-966c26f8ad91";

class RequestContextTest : public ::testing::Test {
 protected:
  /// The exchange of a request with these fields.
  const Exchange& prepared(const char* peer, const std::vector<net::http::Field>& fields) {
    exchange_.reset();
    exchange_.head_valid = true;
    exchange_.peer = *IpAddress::parse(peer);
    exchange_.started = clock_.now();
    exchange_.request.fields.clear();
    for (const auto& field : fields) exchange_.request.fields.push(field);
    context_.prepare(exchange_);
    return exchange_;
  }
  std::chrono::nanoseconds time_for(const char* text) {
    return prepared("127.0.0.1", {{"X-Request-Timeout-Ms", text}}).deadline.remaining(clock_.now());
  }

  sallyport::testing::FakeClock clock_;
  FastRandom random_{7};
  std::vector<Cidr> gateways_{*Cidr::parse("127.0.0.0/8")};
  RequestContext context_{gateways_, clock_, random_};
  Exchange exchange_;
};

TEST_F(RequestContextTest, TakesATrustedGatewayAtItsWord) {
  const Exchange& exchange = prepared("127.0.0.9", {{"X-Forwarded-For", "203.0.113.7"},
                                                    {"X-Forwarded-Proto", "https"},
                                                    {"X-Request-Id", kId},
                                                    {"X-Request-Timeout-Ms", "1500"}});
  EXPECT_EQ(exchange.client_text, "203.0.113.7");
  EXPECT_EQ(exchange.scheme, "https");
  EXPECT_EQ(exchange.request_id, kId);
  EXPECT_EQ(exchange.deadline.remaining(clock_.now()), std::chrono::milliseconds(1500));
  EXPECT_FALSE(exchange.internal_access);
}

TEST_F(RequestContextTest, IgnoresWhatAnybodyElseClaims) {
  const Exchange& exchange =
      prepared("198.51.100.1", {{"X-Forwarded-For", "203.0.113.7"},
                                {"X-Forwarded-Proto", "https"},
                                {"X-Request-Id", kId},
                                {"X-Request-Timeout-Ms", "1"},
                                {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  EXPECT_EQ(exchange.client_text, "198.51.100.1");
  EXPECT_EQ(exchange.scheme, "http");
  EXPECT_NE(exchange.request_id, kId);
  EXPECT_TRUE(Uuid::parse(exchange.request_id).has_value());
  EXPECT_EQ(exchange.deadline.remaining(clock_.now()), kRequestBudget);
  EXPECT_NE(exchange.trace.trace_id[0], 0x0a);
  EXPECT_FALSE(prepared("198.51.100.1", {}).internal_access);
}

TEST_F(RequestContextTest, BelievesNoListOfClients) {
  const std::vector<std::vector<net::http::Field>> rows{
      {{"X-Forwarded-For", "203.0.113.7, 203.0.113.8"}},
      {{"X-Forwarded-For", "203.0.113.7"}, {"X-Forwarded-For", "203.0.113.8"}},
      {{"X-Forwarded-For", "unknown"}},
      {{"X-Forwarded-For", ""}}};
  for (const auto& fields : rows) {
    const Exchange& exchange = prepared("127.0.0.1", fields);
    EXPECT_EQ(exchange.client_text, "127.0.0.1");
    EXPECT_FALSE(exchange.internal_access) << "somebody stands behind the gateway, whoever it is";
  }
  EXPECT_TRUE(prepared("127.0.0.1", {}).internal_access);
}

TEST_F(RequestContextTest, GivesNoMoreTimeThanItsOwnBudget) {
  EXPECT_EQ(time_for("9999"), std::chrono::milliseconds(9999));
  for (const char* text : {"0", "-1", "+5", "99999999", "99999999999999999999", "5s", "1 ", ""}) {
    EXPECT_EQ(time_for(text), kRequestBudget) << text;
  }
}

TEST_F(RequestContextTest, MakesAnIdWhereTheGatewaysIsNone) {
  for (const char* id : {"", "x", "0190163D-8694-739B-AEA5-966C26F8AD91", "a\"b"}) {
    EXPECT_TRUE(Uuid::parse(prepared("127.0.0.1", {{"X-Request-Id", id}}).request_id).has_value()) << id;
  }
}

TEST_F(RequestContextTest, AsksNoFieldOfAHeadThatWasRefused) {
  Exchange exchange;
  exchange.peer = *IpAddress::parse("127.0.0.1");
  exchange.request.fields.push({"X-Forwarded-For", "203.0.113.7"});
  context_.prepare(exchange);
  EXPECT_EQ(exchange.client_text, "127.0.0.1");
}

}  // namespace
}  // namespace sallyport::service
