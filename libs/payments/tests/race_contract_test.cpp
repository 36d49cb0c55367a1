#include "payment_rig.hpp"

namespace sallyport::payments {
namespace {

class PaymentRaces : public PaymentContract {};
INSTANTIATE_TEST_SUITE_P(Engines, PaymentRaces, ::testing::Values(Engine::Sqlite, Engine::PostgreSql), engine_name);

constexpr int kRounds = 100;

int succeeded(const std::vector<Result<Rig::Outcome>>& outcomes, const std::string& as) {
  int count = 0;
  for (const auto& outcome : outcomes) {
    const std::string text = told(outcome);
    if (text == as) {
      ++count;
    } else {
      EXPECT_EQ(text, "invalid_payment_state");
    }
  }
  return count;
}

TEST_P(PaymentRaces, ParallelRefundsNeverExceedWhatWasCaptured) {
  Rig rig(database);
  for (int round = 0; round < kRounds; ++round) {
    const auto id = rig.made(1000);
    std::vector<Rig::Start> tasks;
    for (int i = 0; i < 6; ++i) {
      const auto claim = Rig::claim(rig.fresh_key(), "/payments/" + id.to_string() + "/refunds");
      tasks.push_back([&rig, id, claim] {
        return rig.service.refund({.user = rig.user, .payment = id, .amount = 300}, claim, rig.soon());
      });
    }
    ASSERT_EQ(succeeded(rig.run_all(tasks), "201 succeeded"), 3);
    ASSERT_EQ(rig.look(id).refunded, 900);
  }
  for (const auto& [reference, account] : rig.processor.accounts) EXPECT_EQ(account.refunded, 900);
}

TEST_P(PaymentRaces, OfParallelCapturesAndCancellationsOneWins) {
  Rig rig(database);
  for (int round = 0; round < kRounds; ++round) {
    const auto id = rig.made(1000, CaptureMode::Later);
    const int before = rig.processor.calls;
    std::vector<Rig::Start> tasks;
    for (int i = 0; i < 3; ++i) {
      tasks.push_back([&rig, id] { return rig.service.capture({rig.user, id, 700}, std::nullopt, rig.soon()); });
      tasks.push_back([&rig, id] { return rig.service.cancel({rig.user, id}, std::nullopt, rig.soon()); });
    }
    int won = 0;
    for (const auto& outcome : rig.run_all(tasks)) {
      const std::string text = told(outcome);
      if (text == "200 captured" || text == "200 canceled") {
        ++won;
      } else {
        EXPECT_EQ(text, "invalid_payment_state");
      }
    }
    ASSERT_EQ(won, 1);
    ASSERT_EQ(rig.processor.calls - before, 1);
  }
  for (const auto& [reference, account] : rig.processor.accounts) EXPECT_LE(account.captured, 700);
}

TEST_P(PaymentRaces, AReservedAmountCountsAsSpent) {
  Rig rig(database);
  const auto id = rig.made(1000);
  rig.processor.mood = ScriptedProcessor::Mood::LoseAnswer;
  EXPECT_EQ(told(rig.refund(id, 600)), "202 processing");
  rig.processor.mood = ScriptedProcessor::Mood::Approve;
  EXPECT_EQ(told(rig.refund(id, 401)), "invalid_payment_state");
  EXPECT_EQ(told(rig.refund(id, 400)), "201 succeeded");
  EXPECT_EQ(rig.look(id).status, PaymentStatus::PartiallyRefunded);
  pass_time(database, 5s);
  EXPECT_EQ(rig.reconcile().settled, 1U);
  EXPECT_EQ(rig.look(id).status, PaymentStatus::Refunded);
  EXPECT_EQ(rig.processor.accounts.begin()->second.refunded, 1000);
}

TEST_P(PaymentRaces, SettlingTwiceAtOnceCountsOnce) {
  Rig rig(database);
  for (int round = 0; round < 20; ++round) {
    const auto id = rig.made(1000);
    const auto claim = Rig::claim(rig.fresh_key(), "/r");
    const auto begun = rig.run([&] {
      return rig.repository.begin(RefundPayment{.user = rig.user, .payment = id, .amount = 500}, claim,
                                  NewWork::Allowed, rig.soon());
    });
    const OperationId operation = std::get<Operation>(begun).id;
    std::vector<std::optional<Result<Answer>>> answers(4);
    std::size_t left = answers.size();
    bool done = false;
    for (auto& answer : answers) {
      boost::asio::co_spawn(rig.loop, keep(rig.repository.settle(operation, Approved{"r"}, rig.soon()), answer),
                            [&](std::exception_ptr) { done = --left == 0; });
    }
    testing::detail::run_until(rig.loop, done, 30s);
    for (const auto& answer : answers) {
      ASSERT_TRUE(answer && *answer);
      EXPECT_EQ(**answer, **answers.front());
    }
    EXPECT_EQ(rig.look(id).refunded, 500);
  }
}

}  // namespace
}  // namespace sallyport::payments
