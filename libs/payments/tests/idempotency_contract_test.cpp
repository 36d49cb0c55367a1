#include "payment_rig.hpp"

namespace sallyport::payments {
namespace {

using Mood = ScriptedProcessor::Mood;

class IdempotencyContract : public PaymentContract {};
INSTANTIATE_TEST_SUITE_P(Engines, IdempotencyContract, ::testing::Values(Engine::Sqlite, Engine::PostgreSql),
                         engine_name);

Money euros(std::int64_t minor) {
  return *Money::of(minor, *Currency::parse("EUR"));
}

TEST_P(IdempotencyContract, TheSameKeyAndBodyGetTheStoredAnswer) {
  Rig rig(database);
  const auto first = rig.create(1000, CaptureMode::AtOnce, "k");
  EXPECT_EQ(rig.create(1000, CaptureMode::AtOnce, "k"), first);
  EXPECT_EQ(rig.processor.calls, 1);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM payments"), 1);

  const auto id = *PaymentId::parse(member(answer_of(first), "id"));
  const auto refund = rig.refund(id, 1000, "k");
  EXPECT_EQ(told(refund), "201 succeeded");
  EXPECT_EQ(rig.refund(id, 1000, "k"), refund);
  EXPECT_EQ(rig.create(1000, CaptureMode::AtOnce, "k"), first) << "as it was answered, not as it is";
}

TEST_P(IdempotencyContract, AStoredDeclineStaysADecline) {
  Rig rig(database);
  rig.processor.mood = Mood::Decline;
  const auto first = rig.create(1000, CaptureMode::AtOnce, "k");
  rig.processor.mood = Mood::Approve;
  EXPECT_EQ(rig.create(1000, CaptureMode::AtOnce, "k"), first);
}

TEST_P(IdempotencyContract, TheSameKeyWithAnotherBodyIsRefused) {
  Rig rig(database);
  rig.create(1000, CaptureMode::AtOnce, "k");
  EXPECT_EQ(told(rig.create(1001, CaptureMode::AtOnce, "k")), "idempotency_key_reused");
  EXPECT_EQ(rig.processor.calls, 1);
}

TEST_P(IdempotencyContract, AKeyCountsForItsUserMethodAndPath) {
  Rig rig(database);
  const CreatePayment form{.user = rig.user, .amount = euros(1)};
  CreatePayment of_another = form;
  of_another.user = UserId::make(rig.clock.wall_now(), rig.random);
  auto put = Rig::claim("k");
  put.method = "PUT";
  rig.run([&] { return rig.service.create(form, Rig::claim("k"), rig.soon()); });
  rig.run([&] { return rig.service.create(of_another, Rig::claim("k"), rig.soon()); });
  rig.run([&] { return rig.service.create(form, put, rig.soon()); });
  rig.run([&] { return rig.service.create(form, Rig::claim("k", "/v2/payments"), rig.soon()); });
  EXPECT_EQ(rig.processor.calls, 4);
}

TEST_P(IdempotencyContract, ARefusalGivesTheKeyFreeAgain) {
  Rig rig(database);
  const auto id = rig.made(1000, CaptureMode::Later);
  EXPECT_EQ(told(rig.refund(id, 10, "k")), "invalid_payment_state");
  rig.capture(id);
  EXPECT_EQ(told(rig.refund(id, 10, "k")), "201 succeeded");
}

TEST_P(IdempotencyContract, WhileTheFirstRunsTheSecondIsRefused) {
  Rig rig(database);
  Result<Rig::Outcome> second = Rig::Outcome(Refusal::NotFound);
  const CreatePayment form{.user = rig.user, .amount = euros(1000)};
  rig.processor.meanwhile = [&]() -> runtime::Task<> {
    second = co_await rig.service.create(form, Rig::claim("k"), rig.soon());
  };
  EXPECT_EQ(told(rig.run([&] { return rig.service.create(form, Rig::claim("k"), rig.soon()); })), "201 captured");
  EXPECT_EQ(told(second), "request_in_progress");
  EXPECT_EQ(rig.processor.calls, 1);
}

TEST_P(IdempotencyContract, ARetryOfAProxyWaitsForTheFirst) {
  Rig rig(database);
  const CreatePayment form{.user = rig.user, .amount = euros(1000)};
  auto retry = Rig::claim("k");
  retry.while_running = WhileRunning::Wait;
  bool waiting = false;
  rig.processor.meanwhile = [&]() -> runtime::Task<> {
    // Until the second has looked once and found the first at work.
    runtime::Timer timer(rig.loop.get_executor());
    while (!waiting || rig.pool.statistics().jobs < 4) {
      timer.expires_after(1ms);
      co_await timer.async_wait(runtime::use_task);
    }
  };
  // Both would wait, since either may be the first to reach the database.
  const auto outcomes = rig.run_all({[&] { return rig.service.create(form, retry, rig.soon()); },
                                     [&] {
                                       waiting = true;
                                       return rig.service.create(form, retry, rig.soon());
                                     }});
  EXPECT_EQ(told(outcomes[0]), "201 captured");
  ASSERT_TRUE(outcomes[1]);
  EXPECT_EQ(*outcomes[1], *outcomes[0]);
  EXPECT_EQ(rig.processor.calls, 1);
}

TEST_P(IdempotencyContract, ARetryWaitsNoLongerThanItsDeadline) {
  Rig rig(database);
  const CreatePayment form{.user = rig.user, .amount = euros(1000)};
  auto retry = Rig::claim("k");
  retry.while_running = WhileRunning::Wait;
  Result<Rig::Outcome> second = Rig::Outcome(Refusal::NotFound);
  rig.processor.meanwhile = [&]() -> runtime::Task<> {
    second = co_await rig.service.create(form, retry, rig.soon(1s));
  };
  rig.run([&] { return rig.service.create(form, Rig::claim("k"), rig.soon()); });
  EXPECT_TRUE(told(second).starts_with("request_in_progress")) << told(second);
}

TEST_P(IdempotencyContract, ParallelRequestsWithOneKeyAreOneOperation) {
  Rig rig(database);
  const CreatePayment form{.user = rig.user, .amount = euros(1000)};
  for (int round = 0; round < 20; ++round) {
    auto claim = Rig::claim("k" + std::to_string(round));
    claim.while_running = WhileRunning::Wait;
    std::vector<Rig::Start> tasks(8, [&] { return rig.service.create(form, claim, rig.soon()); });
    const auto outcomes = rig.run_all(tasks);
    for (const auto& outcome : outcomes) {
      ASSERT_EQ(told(outcome), "201 captured");
      EXPECT_EQ(*outcome, *outcomes.front());
    }
  }
  EXPECT_EQ(rig.processor.calls, 20);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM payments"), 20);
}

TEST_P(IdempotencyContract, AnAnswerIsKeptForADay) {
  Rig rig(database);
  const auto first = rig.create(1000, CaptureMode::AtOnce, "k");
  pass_time(database, 23h + 59min);
  EXPECT_EQ(rig.create(1000, CaptureMode::AtOnce, "k"), first);
  EXPECT_EQ(rig.run([&] { return rig.repository.clean(rig.soon()); }), 0U);
  pass_time(database, 2min);
  EXPECT_NE(rig.create(1000, CaptureMode::AtOnce, "k"), first);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM payments"), 2);
}

TEST_P(IdempotencyContract, TheCleanupRemovesWhatIsOver) {
  Rig rig(database);
  for (int i = 0; i < 3; ++i) rig.made(1000);
  pass_time(database, 25h);
  rig.made(1000);
  EXPECT_EQ(rig.run([&] { return rig.repository.clean(rig.soon()); }), 3U);
  EXPECT_EQ(rig.run([&] { return rig.repository.clean(rig.soon()); }), 0U);
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM idempotency_keys"), 1);
}

TEST_P(IdempotencyContract, CaptureAndCancelTakeAKeyToo) {
  Rig rig(database);
  const auto id = rig.made(1000, CaptureMode::Later);
  const auto claim = Rig::claim("k", "/payments/" + id.to_string() + "/capture");
  const auto first = rig.run([&] { return rig.service.capture({rig.user, id, 10}, claim, rig.soon()); });
  EXPECT_EQ(told(first), "200 captured");
  EXPECT_EQ(rig.run([&] { return rig.service.capture({rig.user, id, 10}, claim, rig.soon()); }), first);
}

}  // namespace
}  // namespace sallyport::payments
