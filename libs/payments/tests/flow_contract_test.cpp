#include <algorithm>

#include "payment_rig.hpp"

namespace sallyport::payments {
namespace {

using Mood = ScriptedProcessor::Mood;

INSTANTIATE_TEST_SUITE_P(Engines, PaymentContract, ::testing::Values(Engine::Sqlite, Engine::PostgreSql), engine_name);

TEST_P(PaymentContract, TakesThePaymentAtOnce) {
  Rig rig(database);
  const auto outcome = rig.create(4999);
  EXPECT_EQ(told(outcome), "201 captured");
  const Payment payment = rig.look(*PaymentId::parse(member(answer_of(outcome), "id")));
  EXPECT_EQ(payment.amount.minor(), 4999);
  EXPECT_EQ(payment.captured, 4999);
  EXPECT_EQ(payment.refunded, 0);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM payment_events WHERE type IN ('authorized', 'captured')"), 2);
}

TEST_P(PaymentContract, KeepsWhatTheUserWroteAboutIt) {
  Rig rig(database);
  CreatePayment form{.user = rig.user, .amount = *Money::of(1, *Currency::parse("JPY"))};
  form.description = "Zwei Karten für 'Ö' \"%_\"";
  form.reference = "order_1";
  form.metadata = {{"seat", "14C"}, {"note", "a\"b\\c\n"}};
  const auto outcome = rig.run([&] { return rig.service.create(form, Rig::claim("k"), rig.soon()); });
  const Payment payment = rig.look(*PaymentId::parse(member(answer_of(outcome), "id")));
  EXPECT_EQ(payment.description, form.description);
  EXPECT_EQ(payment.reference, form.reference);
  EXPECT_EQ(payment.metadata, R"({"seat":"14C","note":"a\"b\\c\n"})");
  EXPECT_EQ(payment.amount.currency().code(), "JPY");
}

TEST_P(PaymentContract, AuthorizesAndCapturesAPart) {
  Rig rig(database);
  const auto id = rig.made(1000, CaptureMode::Later);
  EXPECT_EQ(rig.look(id).status, PaymentStatus::Authorized);
  EXPECT_EQ(told(rig.capture(id, 400)), "200 captured");
  EXPECT_EQ(rig.look(id).captured, 400);
  EXPECT_EQ(told(rig.capture(id, 600)), "invalid_payment_state");
  EXPECT_EQ(told(rig.refund(id, 401)), "invalid_payment_state");
  EXPECT_EQ(told(rig.refund(id, 400)), "201 succeeded");
  EXPECT_EQ(rig.look(id).status, PaymentStatus::Refunded);
}

TEST_P(PaymentContract, CapturesTheWholeWithoutAnAmount) {
  Rig rig(database);
  const auto id = rig.made(1000, CaptureMode::Later);
  EXPECT_EQ(told(rig.capture(id)), "200 captured");
  EXPECT_EQ(rig.look(id).captured, 1000);
}

TEST_P(PaymentContract, CapturesNoMoreThanTheAmountAndNoLessThanOne) {
  Rig rig(database);
  const auto id = rig.made(1000, CaptureMode::Later);
  for (const std::int64_t amount : {std::int64_t{1001}, std::int64_t{0}, std::int64_t{-1}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(told(rig.capture(id, amount)), "invalid_payment_state") << amount;
  }
  EXPECT_EQ(rig.look(id).status, PaymentStatus::Authorized);
  EXPECT_EQ(rig.processor.calls, 1);
}

TEST_P(PaymentContract, RefundsNoMoreThanWasCapturedWhateverTheAmount) {
  Rig rig(database);
  const auto id = rig.made(1000);
  for (const std::int64_t amount : {std::int64_t{1001}, std::int64_t{0}, std::int64_t{-1}, INT64_MAX, INT64_MIN}) {
    EXPECT_EQ(told(rig.refund(id, amount)), "invalid_payment_state") << amount;
  }
  EXPECT_EQ(told(rig.refund(id, 999)), "201 succeeded");
  EXPECT_EQ(rig.look(id).status, PaymentStatus::PartiallyRefunded);
  EXPECT_EQ(told(rig.refund(id, 2)), "invalid_payment_state");
  EXPECT_EQ(told(rig.refund(id, 1)), "201 succeeded");
  EXPECT_EQ(rig.look(id).status, PaymentStatus::Refunded);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM refunds"), 2);
}

TEST_P(PaymentContract, CancelsAnAuthorization) {
  Rig rig(database);
  const auto id = rig.made(1000, CaptureMode::Later);
  EXPECT_EQ(told(rig.cancel(id)), "200 canceled");
  EXPECT_EQ(told(rig.cancel(id)), "invalid_payment_state");
  EXPECT_EQ(told(rig.capture(id)), "invalid_payment_state");
}

TEST_P(PaymentContract, AnswersEachMoveInEachStateByTheTable) {
  Rig rig(database);
  struct Row {
    const char* status;
    const char* capture;
    const char* cancel;
    const char* refund;
  };
  const char* no = "invalid_payment_state";
  for (const Row& row : {Row{"processing", no, no, no}, Row{"authorized", "200 captured", "200 canceled", no},
                         Row{"captured", no, no, "201 succeeded"}, Row{"partially_refunded", no, no, "201 succeeded"},
                         Row{"refunded", no, no, no}, Row{"canceled", no, no, no}, Row{"failed", no, no, no}}) {
    const auto in_state = [&] {
      const auto id = rig.made(1000);
      const bool taken = std::string(row.status) == "captured";
      const bool partly = std::string(row.status) == "partially_refunded";
      const bool whole = std::string(row.status) == "refunded";
      const std::string captured = taken || partly || whole ? "1000" : "0";
      const std::string refunded = partly ? "400" : (whole ? "1000" : "0");
      database.run("UPDATE payments SET status = '" + std::string(row.status) + "', captured_amount = " + captured +
                   ", refunded_amount = " + refunded + " WHERE id = '" + id.to_string() + "'");
      return id;
    };
    EXPECT_EQ(told(rig.capture(in_state(), 10)), row.capture) << row.status;
    EXPECT_EQ(told(rig.cancel(in_state())), row.cancel) << row.status;
    EXPECT_EQ(told(rig.refund(in_state(), 10)), row.refund) << row.status;
  }
  // The states were set by hand, so this test's ledger cannot agree with them.
  database.run(database.dialect() == storage::SqlDialect::Sqlite
                   ? "DROP TRIGGER payment_events_no_delete"
                   : "DROP TRIGGER payment_events_no_change ON payment_events");
  database.run("DELETE FROM payment_events");
  database.run("DELETE FROM refunds");
  database.run("UPDATE payments SET captured_amount = 0, refunded_amount = 0");
}

TEST_P(PaymentContract, ADeclineIsAFailedPaymentWithItsCode) {
  Rig rig(database);
  rig.processor.mood = Mood::Decline;
  const auto outcome = rig.create(1000);
  EXPECT_EQ(told(outcome), "201 failed");
  EXPECT_EQ(member(answer_of(outcome), "failure_code"), "card_declined");
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM payment_events WHERE type = 'failed'"), 1);
}

TEST_P(PaymentContract, ADeclinedCaptureLeavesTheAuthorization) {
  Rig rig(database);
  const auto id = rig.made(1000, CaptureMode::Later);
  rig.processor.mood = Mood::Decline;
  const auto outcome = rig.capture(id);
  EXPECT_EQ(told(outcome), "200 authorized");
  EXPECT_EQ(member(answer_of(outcome), "failure_code"), "card_declined");
  rig.processor.mood = Mood::Approve;
  EXPECT_EQ(told(rig.capture(id)), "200 captured");
  EXPECT_EQ(rig.look(id).failure_code, std::nullopt);
}

TEST_P(PaymentContract, ADeclinedRefundGivesItsAmountFreeAgain) {
  Rig rig(database);
  const auto id = rig.made(1000);
  rig.processor.mood = Mood::Decline;
  EXPECT_EQ(told(rig.refund(id, 1000)), "201 failed");
  EXPECT_EQ(rig.look(id).status, PaymentStatus::Captured);
  rig.processor.mood = Mood::Approve;
  EXPECT_EQ(told(rig.refund(id, 1000)), "201 succeeded");
}

TEST_P(PaymentContract, WhatNeverReachedTheProcessorHasFailed) {
  Rig rig(database);
  rig.processor.mood = Mood::NeverSent;
  const auto outcome = rig.create(1000);
  EXPECT_EQ(told(outcome), "201 failed");
  EXPECT_EQ(member(answer_of(outcome), "failure_code"), "processor_unavailable");
  EXPECT_EQ(rig.reconcile().asked, 0U);
}

TEST_P(PaymentContract, BeginsNothingWhileTheProcessorIsClosed) {
  Rig rig(database);
  const auto first = rig.create(1000, CaptureMode::AtOnce, "first");
  rig.processor.is_closed = true;
  EXPECT_EQ(told(rig.create(1000, CaptureMode::AtOnce, "second")), "circuit_open");
  EXPECT_EQ(answer_of(rig.create(1000, CaptureMode::AtOnce, "first")), answer_of(first));
  rig.processor.is_closed = false;
  EXPECT_EQ(told(rig.create(1000, CaptureMode::AtOnce, "second")), "201 captured");
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM payments"), 2);
}

TEST_P(PaymentContract, ShowsEachUserOnlyTheirOwn) {
  Rig rig(database);
  const auto id = rig.made(1000, CaptureMode::Later);
  const UserId stranger = UserId::make(rig.clock.wall_now(), rig.random);
  EXPECT_FALSE(rig.run([&] { return rig.service.get(stranger, id, rig.soon()); }));
  EXPECT_TRUE(rig.run([&] { return rig.service.list({.user = stranger}, rig.soon()); }).payments.empty());
  EXPECT_EQ(told(rig.run([&] { return rig.service.capture({stranger, id, 1}, std::nullopt, rig.soon()); })),
            "not_found");
  EXPECT_EQ(told(rig.run([&] { return rig.service.cancel({stranger, id}, std::nullopt, rig.soon()); })), "not_found");
  EXPECT_EQ(told(rig.run([&] {
              return rig.service.refund({.user = stranger, .payment = id, .amount = 1}, Rig::claim("k"), rig.soon());
            })),
            "not_found");
  EXPECT_EQ(told(rig.capture(PaymentId::make(rig.clock.wall_now(), rig.random))), "not_found");
  EXPECT_EQ(rig.look(id).status, PaymentStatus::Authorized);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM idempotency_keys WHERE key = 'k'"), 0);
}

TEST_P(PaymentContract, ListsNewestFirstPageByPage) {
  Rig rig(database);
  std::vector<PaymentId> made;
  for (int i = 0; i < 7; ++i) made.push_back(rig.made(100 + i, i % 2 == 0 ? CaptureMode::Later : CaptureMode::AtOnce));
  database.run("UPDATE payments SET created_at = 5");  // all at once: the ids decide
  std::ranges::sort(made, std::greater());
  PaymentQuery query{.user = rig.user, .limit = 3};
  std::vector<PaymentId> seen;
  while (true) {
    const auto page = rig.run([&] { return rig.service.list(query, rig.soon()); });
    for (const Payment& payment : page.payments) seen.push_back(payment.id);
    if (!page.more) break;
    ASSERT_EQ(page.payments.size(), 3U);
    query.after = std::pair(page.payments.back().created_at, page.payments.back().id);
  }
  EXPECT_EQ(seen, made);
  query = {.user = rig.user, .status = PaymentStatus::Captured, .limit = 100};
  EXPECT_EQ(rig.run([&] { return rig.service.list(query, rig.soon()); }).payments.size(), 3U);
  query.status = PaymentStatus::Failed;
  EXPECT_TRUE(rig.run([&] { return rig.service.list(query, rig.soon()); }).payments.empty());
}

}  // namespace
}  // namespace sallyport::payments
