#include "sallyport/tokens/jwks_client.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "forge.hpp"
#include "sallyport/runtime/task_scope.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/tokens/jwks.hpp"

namespace sallyport::tokens::testing {
namespace {

using runtime::Executor;
using runtime::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RefreshSchedule, FetchesAtOnceAndThenEveryMinute) {
  const SteadyTime start{seconds(1000)};
  RefreshSchedule schedule({}, start);
  EXPECT_EQ(schedule.due(), start);
  schedule.succeeded(start + seconds(2));
  EXPECT_EQ(schedule.due(), start + seconds(62));
  schedule.failed(start + seconds(62));
  EXPECT_EQ(schedule.due(), start + seconds(122));  // the old set serves on, so there is no hurry
}

TEST(RefreshSchedule, TriesTheFirstFetchAgainWithGrowingWaits) {
  const SteadyTime start{seconds(1000)};
  RefreshSchedule schedule({}, start);
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 9; ++i) {
    schedule.failed(start);
    waits.push_back(std::chrono::duration_cast<milliseconds>(schedule.due() - start).count());
  }
  EXPECT_EQ(waits, (std::vector<std::int64_t>{500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000}));
}

TEST(RefreshSchedule, LetsUnknownKidsCauseOneFetchAMinute) {
  const SteadyTime start{seconds(1000)};
  RefreshSchedule schedule({}, start);
  EXPECT_FALSE(schedule.unknown_kid(start));  // nothing is loaded: every kid is unknown
  schedule.succeeded(start);
  EXPECT_TRUE(schedule.unknown_kid(start + seconds(1)));
  EXPECT_EQ(schedule.due(), start + seconds(1));
  EXPECT_FALSE(schedule.unknown_kid(start + seconds(1)));  // it is due already
  schedule.succeeded(start + seconds(2));
  for (int i = 2; i < 61; ++i) EXPECT_FALSE(schedule.unknown_kid(start + seconds(i))) << i;
  EXPECT_TRUE(schedule.unknown_kid(start + seconds(61)));
}

/// Answers in the order given; when there is no answer left, calls `dry` and repeats the last one.
class ScriptedSource final : public JwksSource {
 public:
  std::deque<Result<std::string>> answers;
  std::function<void()> dry;
  int aborts = 0;

  Task<Result<std::string>> fetch(Deadline) override {
    if (answers.size() > 1) {
      Result<std::string> answer = std::move(answers.front());
      answers.pop_front();
      co_return answer;
    }
    if (dry) dry();
    co_return answers.front();
  }
  void abort() noexcept override { ++aborts; }
};

Result<std::string> failure() {
  return fail(ErrorCode::BadGateway, "no answer", ErrorOrigin::Upstream);
}

struct RemoteJwksTest : ::testing::Test {
  Forge f;
  asio::io_context loop{1};
  SystemClock clock;
  log::Logger logger{{.level = log::Level::Off}, log::Redactor()};
  ScriptedSource source;
  std::vector<std::shared_ptr<const KeySet>> published;
  RemoteJwks::Options options{
      .schedule = {.every = milliseconds(2), .unknown_kid_gap = milliseconds(2), .first_retry = milliseconds(1)}};

  std::string both() const { return render_jwks(f.ring()); }
  std::string one() const { return render_jwks(crypto::TokenKeyRing({{"ed", f.ed}})); }
  std::unique_ptr<RemoteJwks> make() {
    return std::make_unique<RemoteJwks>(
        loop.get_executor(), clock, logger, source, "https://id.example",
        [this](std::shared_ptr<const KeySet> keys) { published.push_back(std::move(keys)); }, options);
  }
  /// Runs until the source has given its last answer.
  void run(RemoteJwks& remote) {
    source.dry = [&remote] { remote.stop(); };
    sallyport::testing::run_task_on(loop, [&remote](Executor) { return remote.run(); });
  }
};

TEST_F(RemoteJwksTest, IsNotReadyBeforeTheFirstSet) {
  source.answers = {failure(), failure(), std::string("rubbish"), std::string(R"({"keys":[]})"), failure()};
  const auto remote = make();
  EXPECT_FALSE(remote->ready());
  run(*remote);
  EXPECT_FALSE(remote->ready());
  EXPECT_EQ(remote->keys(), nullptr);
  EXPECT_EQ(remote->failures(), 4U);
  EXPECT_TRUE(published.empty());
}

TEST_F(RemoteJwksTest, PublishesEachSetThatDiffers) {
  source.answers = {failure(), one(), one(), both(), both(), one(), failure()};
  const auto remote = make();
  run(*remote);
  ASSERT_EQ(published.size(), 3U);
  EXPECT_EQ(published[0]->size(), 1U);
  EXPECT_EQ(published[1]->size(), 2U);
  EXPECT_EQ(published[2]->size(), 1U);
  EXPECT_EQ(remote->keys(), published[2]);
  EXPECT_EQ(remote->failures(), 1U);
}

TEST_F(RemoteJwksTest, KeepsTheOldSetWhileErrorsLast) {
  source.answers = {both(),
                    failure(),
                    std::string("<html>"),
                    std::string(R"({"keys":[]})"),
                    std::string(R"({"keys":[{"kty":"oct","k":"AAAA","kid":"ed"}]})"),
                    failure()};
  const auto remote = make();
  run(*remote);
  EXPECT_TRUE(remote->ready());
  ASSERT_EQ(published.size(), 1U);
  EXPECT_EQ(remote->keys(), published[0]);
  EXPECT_EQ(remote->failures(), 4U);
  const AccessTokenVerifier verifier(Forge::options(), remote->keys());
  EXPECT_TRUE(verifier.verify(f.good(), at(kNow)).has_value());
}

TEST_F(RemoteJwksTest, FetchesEarlierForAnUnknownKid) {
  options.schedule = {.every = std::chrono::hours(1), .unknown_kid_gap = std::chrono::hours(1)};
  source.answers = {one(), both(), failure()};
  const auto remote = make();
  const auto flood = [&remote] {
    for (int i = 0; i < 1000; ++i) remote->unknown_kid();
  };
  runtime::TaskScope scope(loop.get_executor(), 1, [](std::exception_ptr) { FAIL(); });
  ASSERT_TRUE(scope.spawn(remote->run()));
  while (published.empty()) loop.run_one();
  flood();  // calls for the second set
  while (published.size() < 2) loop.run_one();
  flood();  // is not heard any more
  loop.poll();
  EXPECT_EQ(remote->fetches(), 2U);
  remote->stop();
  sallyport::testing::run_task_on(loop, [&scope](Executor) { return scope.join(); });
}

TEST_F(RemoteJwksTest, StopsInItsWait) {
  options.schedule.every = std::chrono::hours(1);
  source.answers = {one()};
  const auto remote = make();
  runtime::TaskScope scope(loop.get_executor(), 1, [](std::exception_ptr) { FAIL(); });
  ASSERT_TRUE(scope.spawn(remote->run()));
  while (!remote->ready()) loop.run_one();
  remote->stop();
  sallyport::testing::run_task_on(loop, [&scope](Executor) { return scope.join(); });
  EXPECT_EQ(source.aborts, 1);
  EXPECT_EQ(remote->fetches(), 1U);
}

}  // namespace
}  // namespace sallyport::tokens::testing
