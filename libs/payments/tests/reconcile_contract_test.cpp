#include "payment_rig.hpp"

namespace sallyport::payments {
namespace {

using Mood = ScriptedProcessor::Mood;

class ReconcileContract : public PaymentContract {
 protected:
  /// Step 1 of a payment whose process dies after it.
  static OperationId begun(Rig& rig, const std::string& key, std::int64_t amount = 1000) {
    const auto step = rig.run([&] {
      return rig.repository.begin(
          CreatePayment{.user = rig.user, .amount = *Money::of(amount, *Currency::parse("EUR"))},
          Rig::claim(key, "/payments", std::to_string(amount)), NewWork::Allowed, rig.soon());
    });
    return std::get<Operation>(step).id;
  }
  static void sent(Rig& rig, OperationId operation, std::int64_t amount = 1000) {
    rig.run([&] {
      return rig.processor.authorize(operation, *Money::of(amount, *Currency::parse("EUR")), CaptureMode::AtOnce,
                                     rig.soon());
    });
  }
  PaymentId only_payment() { return *PaymentId::parse(database.text("SELECT id FROM payments")); }
};
INSTANTIATE_TEST_SUITE_P(Engines, ReconcileContract, ::testing::Values(Engine::Sqlite, Engine::PostgreSql),
                         engine_name);

TEST_P(ReconcileContract, AnUnknownOutcomeIs202AndSettledLater) {
  Rig rig(database);
  rig.processor.mood = Mood::LoseAnswer;
  const auto outcome = rig.create(1000, CaptureMode::AtOnce, "k");
  EXPECT_EQ(told(outcome), "202 processing");
  EXPECT_EQ(rig.create(1000, CaptureMode::AtOnce, "k"), outcome);
  EXPECT_EQ(rig.processor.calls, 1);
  EXPECT_EQ(rig.reconcile().asked, 0U) << "not due yet";
  pass_time(database, 2s);
  const Reconciled done = rig.reconcile();
  EXPECT_EQ(done.asked, 1U);
  EXPECT_EQ(done.settled, 1U);
  EXPECT_EQ(rig.look(only_payment()).status, PaymentStatus::Captured);
  EXPECT_EQ(told(rig.create(1000, CaptureMode::AtOnce, "k")), "201 captured");
  EXPECT_EQ(rig.processor.calls, 1);
}

TEST_P(ReconcileContract, EachKindOfOperationIsSettled) {
  Rig rig(database);
  const auto to_capture = rig.made(1000, CaptureMode::Later), to_cancel = rig.made(1000, CaptureMode::Later),
             to_refund = rig.made(1000);
  rig.processor.mood = Mood::LoseAnswer;
  EXPECT_EQ(told(rig.create(500, CaptureMode::Later)), "202 processing");
  EXPECT_EQ(told(rig.capture(to_capture, 10)), "202 processing");
  EXPECT_EQ(told(rig.cancel(to_cancel)), "202 processing");
  EXPECT_EQ(told(rig.refund(to_refund, 10)), "202 processing");
  EXPECT_EQ(rig.look(to_capture).status, PaymentStatus::Processing);
  pass_time(database, 2s);
  EXPECT_EQ(rig.reconcile().settled, 4U);
  EXPECT_EQ(rig.look(to_capture).status, PaymentStatus::Captured);
  EXPECT_EQ(rig.look(to_cancel).status, PaymentStatus::Canceled);
  EXPECT_EQ(rig.look(to_refund).status, PaymentStatus::PartiallyRefunded);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM payments WHERE amount = 500 AND status = 'authorized'"), 1);
}

TEST_P(ReconcileContract, ACrashAfterTheCallIsSettledByAsking) {
  Rig rig(database);
  sent(rig, begun(rig, "k"));
  pass_time(database, 31s);
  EXPECT_EQ(rig.reconcile().settled, 1U);
  EXPECT_EQ(rig.look(only_payment()).status, PaymentStatus::Captured);
  EXPECT_EQ(told(rig.create(1000, CaptureMode::AtOnce, "k")), "201 captured");
  EXPECT_EQ(rig.processor.calls, 1);
  EXPECT_EQ(rig.processor.accounts.size(), 1U);
}

TEST_P(ReconcileContract, ACrashBeforeTheCallHasFailedOnceItCannotArriveAnyMore) {
  Rig rig(database);
  begun(rig, "k");
  pass_time(database, 31s);
  EXPECT_EQ(rig.reconcile().settled, 0U) << "it may still be on its way";
  EXPECT_EQ(rig.look(only_payment()).status, PaymentStatus::Processing);
  pass_time(database, 90s);
  EXPECT_EQ(rig.reconcile().settled, 1U);
  const Payment payment = rig.look(only_payment());
  EXPECT_EQ(payment.status, PaymentStatus::Failed);
  EXPECT_EQ(payment.failure_code, "processor_unavailable");
  EXPECT_EQ(told(rig.create(1000, CaptureMode::AtOnce, "k")), "201 failed");
}

TEST_P(ReconcileContract, AnApprovalThatComesAfterTheFailureChangesNothingAndIsReported) {
  Rig rig(database);
  const OperationId operation = begun(rig, "k");
  pass_time(database, 121s);
  EXPECT_EQ(rig.reconcile().settled, 1U);
  EXPECT_EQ(rig.log_text().find("approved_after_failure"), std::string::npos);
  rig.run([&] { return rig.repository.settle(operation, Approved{"auth-9"}, rig.soon()); });
  EXPECT_EQ(rig.look(only_payment()).status, PaymentStatus::Failed);
  EXPECT_NE(rig.log_text().find("approved_after_failure"), std::string::npos);
}

TEST_P(ReconcileContract, ATakeoverOfAStaleClaimAsksAndNeverRepeats) {
  Rig rig(database);
  sent(rig, begun(rig, "k"));
  EXPECT_EQ(told(rig.create(1000, CaptureMode::AtOnce, "k")), "request_in_progress");
  EXPECT_EQ(rig.processor.questions, 0);
  pass_time(database, 31s);
  EXPECT_EQ(told(rig.create(1000, CaptureMode::AtOnce, "k")), "201 captured");
  EXPECT_EQ(rig.processor.questions, 1);
  EXPECT_EQ(rig.processor.calls, 1);
}

TEST_P(ReconcileContract, ATakeoverThatLearnsNothingIs202) {
  Rig rig(database);
  begun(rig, "k");
  pass_time(database, 31s);
  EXPECT_EQ(told(rig.create(1000, CaptureMode::AtOnce, "k")), "202 processing");
  EXPECT_EQ(rig.processor.calls, 0);
}

TEST_P(ReconcileContract, AsksEverLessOften) {
  Rig rig(database);
  rig.processor.mood = Mood::LoseAnswer;
  rig.create(1000);
  rig.processor.away = true;
  for (const auto wait : {2s, 3s, 5s, 9s}) {
    EXPECT_EQ(rig.reconcile().asked, 0U);
    pass_time(database, wait);
    EXPECT_EQ(rig.reconcile().asked, 1U);
  }
  rig.processor.away = false;
  rig.processor.running = true;
  pass_time(database, 65s);
  EXPECT_EQ(rig.reconcile().settled, 0U);
  rig.processor.running = false;
  pass_time(database, 65s);
  EXPECT_EQ(rig.reconcile().settled, 1U);
}

TEST_P(ReconcileContract, SurvivesADatabaseThatWasAwayAtTheThirdStep) {
  Rig rig(database);
  const auto begin = [&] { return begun(rig, "k"); };
  const OperationId operation = begin();
  sent(rig, operation);
  // The settling transaction of the first process never came; another one settles, and a late one finds it done.
  pass_time(database, 31s);
  EXPECT_EQ(rig.reconcile().settled, 1U);
  const auto late = rig.run([&] { return rig.repository.settle(operation, Approved{"r"}, rig.soon()); });
  EXPECT_EQ(late, answer_of(rig.create(1000, CaptureMode::AtOnce, "k")));
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM payment_events"), 2);
}

TEST_P(ReconcileContract, TwoReconcilersShareTheWork) {
  Rig rig(database);
  Rig other(database);
  rig.processor.mood = Mood::LoseAnswer;
  for (int i = 0; i < 5; ++i) rig.create(1000);
  pass_time(database, 2s);
  const auto first = rig.run([&] { return rig.repository.take_due(3, 15s, rig.soon()); });
  const auto second = other.run([&] { return other.repository.take_due(3, 15s, other.soon()); });
  EXPECT_EQ(first.size(), 3U);
  EXPECT_EQ(second.size(), 2U);
}

}  // namespace
}  // namespace sallyport::payments
