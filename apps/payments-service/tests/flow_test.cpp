// The routes over HTTP, with a sandbox for the processor.
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "payments_probe.hpp"

namespace sallyport::payments_service {
namespace {

using ::testing::HasSubstr;

class PaymentsOverHttp : public ServingTest {};
INSTANTIATE_TEST_SUITE_P(Engines, PaymentsOverHttp, kEngines, testing::engine_name);

TEST_P(PaymentsOverHttp, TakeAPaymentAndGiveItBack) {
  const auto made =
      probe.post("/payments",
                 R"({"amount":4999,"currency":"EUR","description":"Two tickets","reference":"order_1042",)"
                 R"("metadata":{"seat":"14C"}})",
                 "k1");
  ASSERT_EQ(made.status, 201);
  EXPECT_EQ(made.text("status"), "captured");
  EXPECT_EQ(made.number("captured_amount"), 4999);
  EXPECT_THAT(made.head, HasSubstr("Cache-Control: no-store"));
  const std::string id = made.text("id");
  const auto refund = probe.post("/payments/" + id + "/refunds", R"({"amount":999,"reason":"broken"})", "k2");
  ASSERT_EQ(refund.status, 201);
  EXPECT_EQ(refund.text("payment_id"), id);
  EXPECT_EQ(refund.text("status"), "succeeded");
  EXPECT_EQ(refund.text("reason"), "broken");
  const auto seen = probe.get("/payments/" + id);
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.text("status"), "partially_refunded");
  EXPECT_EQ(seen.number("refunded_amount"), 999);
  EXPECT_EQ(seen.body.as_object().at("metadata"), boost::json::value({{"seat", "14C"}}));
}

TEST_P(PaymentsOverHttp, CaptureAndCancelWithAndWithoutABody) {
  const auto part = probe.made(1000, false), whole = probe.made(1000, false), none = probe.made(1000, false);
  EXPECT_EQ(probe.post("/payments/" + part + "/capture", R"({"amount":400})").number("captured_amount"), 400);
  const auto captured = probe.post("/payments/" + whole + "/capture", "");
  EXPECT_EQ(captured.status, 200);
  EXPECT_EQ(captured.number("captured_amount"), 1000);
  EXPECT_EQ(probe.post("/payments/" + none + "/cancel", "").text("status"), "canceled");
  const auto again = probe.post("/payments/" + none + "/capture", "{}");
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.complaint(), "invalid_payment_state");
}

TEST_P(PaymentsOverHttp, TheSameKeyGetsTheSameAnswer) {
  const std::string body = R"({"amount":1000,"currency":"EUR"})";
  const auto first = probe.post("/payments", body, "k");
  const auto second = probe.post("/payments", body, "k");
  EXPECT_EQ(second.status, first.status);
  EXPECT_EQ(second.body, first.body);
  const auto other = probe.post("/payments", R"({"amount":1001,"currency":"EUR"})", "k");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(other.complaint(), "idempotency_key_reused");
  EXPECT_EQ(probe.sandbox.operations(), 1U);
}

TEST_P(PaymentsOverHttp, ADeclineIsAPaymentThatFailed) {
  const auto declined = probe.post("/payments", R"({"amount":10001,"currency":"EUR"})", "k");
  EXPECT_EQ(declined.status, 201);
  EXPECT_EQ(declined.text("status"), "failed");
  EXPECT_EQ(declined.text("failure_code"), "card_declined");
}

TEST_P(PaymentsOverHttp, AnUnknownOutcomeIs202AndTheJobSettlesIt) {
  for (const char* amount : {"10005", "10006"}) {
    const auto unknown =
        probe.post("/payments", std::string(R"({"currency":"EUR","amount":)") + amount + "}", probe.fresh_key());
    EXPECT_EQ(unknown.status, 202) << amount;
    EXPECT_EQ(unknown.text("status"), "processing");
    probe.database.run("UPDATE payment_operations SET due_at = 0");
    const auto end = probe.clock.now() + std::chrono::seconds(20);
    std::string status;
    while (status != "captured" && probe.clock.now() < end) {
      status = probe.get("/payments/" + unknown.text("id")).text("status");
      std::this_thread::yield();
    }
    EXPECT_EQ(status, "captured") << amount;
  }
}

TEST_P(PaymentsOverHttp, ListPageByPageWithCursorsThatAreGoodForOneListOnly) {
  for (int i = 0; i < 5; ++i) probe.made(1000 + i, i % 2 == 0);
  std::set<std::string> seen;
  std::string path = "/payments?limit=2";
  std::string cursor;
  for (int page = 0; page < 3; ++page) {
    const auto reply = probe.get(path + (cursor.empty() ? "" : "&cursor=" + cursor));
    ASSERT_EQ(reply.status, 200);
    for (const auto& payment : reply.body.as_object().at("data").as_array()) {
      seen.insert(std::string(payment.as_object().at("id").as_string()));
    }
    cursor = reply.text("next_cursor");
    EXPECT_EQ(cursor.empty(), page == 2);
    if (page == 0) {
      EXPECT_EQ(probe.get("/payments?status=captured&cursor=" + cursor).complaint(), "validation_failed /query/cursor");
      EXPECT_EQ(probe.ask("GET /payments?cursor=" + cursor, probe.bearer(probe.stranger)).complaint(),
                "validation_failed /query/cursor");
    }
  }
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(probe.get("/payments?status=captured").body.as_object().at("data").as_array().size(), 3U);
  EXPECT_EQ(probe.get("/payments?status=failed").body.as_object().at("data").as_array().size(), 0U);
}

TEST_P(PaymentsOverHttp, AnotherUsersPaymentIsNotThere) {
  const auto id = probe.made(1000, false);
  const std::string other = probe.bearer(probe.stranger);
  const std::string json = "Content-Type: application/json\r\nIdempotency-Key: k\r\n";
  for (const auto& [line, body] : {std::pair<std::string, std::string>{"GET /payments/" + id, ""},
                                   {"POST /payments/" + id + "/capture", "{}"},
                                   {"POST /payments/" + id + "/cancel", ""},
                                   {"POST /payments/" + id + "/refunds", R"({"amount":1})"}}) {
    const auto reply = probe.ask(line, other + (body.empty() ? "" : json), body);
    EXPECT_EQ(reply.status, 404) << line;
    EXPECT_EQ(reply.complaint(), "not_found") << line;
  }
  EXPECT_EQ(probe.ask("GET /payments", other).body.as_object().at("data").as_array().size(), 0U);
  EXPECT_EQ(probe.get("/payments/" + id).text("status"), "authorized");
}

}  // namespace
}  // namespace sallyport::payments_service
