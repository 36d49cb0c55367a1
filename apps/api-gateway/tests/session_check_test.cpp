#include "identity/session_check.hpp"

#include <gtest/gtest.h>

#include "middleware/rate_limit_filter.hpp"
#include "sallyport/rate_limit/redis_store.hpp"
#include "sallyport/testing/redis_server.hpp"
#include "token_rig.hpp"

namespace sallyport::api_gateway {
namespace {

using runtime::Executor;
using runtime::Task;
using test::AskedRoute;

/// The limit by address and what follows it, on one event loop with a Redis of its own.
class SessionCheckTest : public ::testing::Test {
 protected:
  SessionCheckTest() {
    chain_.add(rate_limit_);
    chain_.add(authenticate_);
    run([this] { return connect(); });
  }
  ~SessionCheckTest() override {
    run([this] { return tasks_.join(); });
    run([this] { return client_.stop(); });
  }

  template <class Make>
  void run(Make make) {
    sallyport::testing::run_task_on(loop_, [&](Executor) { return make(); });
  }
  Task<> connect() {
    const auto connected = co_await client_.connect(Deadline::after(clock_.now(), std::chrono::seconds(5)));
    EXPECT_TRUE(connected.has_value());
    const auto loaded = co_await store_.load("sp:");
    EXPECT_TRUE(loaded.has_value());
  }
  Task<> ask_chain(Exchange& exchange, std::optional<net::Response>& answer) {
    std::size_t stage = 0;
    answer = chain_.run(exchange, stage);
    if (!answer) answer = co_await chain_.run_waiting(exchange, stage);
  }
  /// The status of a refusal, or 200.
  int ask(AskedRoute& route, const std::string& token, net::http::Method method = net::http::Method::Get) {
    const std::vector<std::string> fields{"Bearer " + token};  // the request looks into it
    const auto exchange = route.request(fields, method);
    exchange->lookup.policies = policies_;
    run([&] { return ask_chain(*exchange, answer_); });
    EXPECT_EQ(answer_.has_value(), !exchange->principal.has_value());
    return answer_ ? answer_->status : 200;
  }
  static storage::RedisOptions options(const std::string& url) {
    storage::RedisOptions options;
    options.url = *storage::RedisUrl::parse(url);
    options.command_timeout = std::chrono::milliseconds(500);
    return options;
  }
  static rate_limit::Policy policy() {
    rate_limit::Policy policy;
    policy.name = "global";
    policy.limit = 1000;
    policy.window = std::chrono::minutes(15);
    return policy;
  }

  sallyport::testing::RedisServer server_;
  test::TokenRig rig_;
  SystemClock clock_;
  FastRandom random_{7};
  log::Logger logger_{{.level = log::Level::Off}, log::Redactor{}};
  const rate_limit::Policy global_ = policy();
  const rate_limit::Policy* const list_[1] = {&global_};
  const PolicyList policies_{list_};
  metrics::Registry registry_;
  rate_limit::LimiterMetrics limiter_metrics_{registry_, {&global_, 1}};
  TokenMetrics token_metrics_{registry_};
  metrics::Shard& shard_ = registry_.make_shard();
  rate_limit::MemoryStore memory_{clock_, random_};
  asio::io_context loop_{1};
  storage::RedisClient client_{loop_.get_executor(), options(server_.url()), clock_, random_, logger_};
  rate_limit::RedisStore store_{client_};
  rate_limit::Limiter limiter_{store_, memory_, clock_, random_, logger_, limiter_metrics_, shard_, {}};
  runtime::TaskScope tasks_{loop_.get_executor(), 16, [](const std::exception_ptr&) {}};
  SessionCheck sessions_{{nullptr, &client_, "sp:", loop_.get_executor(), tasks_, clock_, logger_}};
  Authenticate authenticate_{&rig_.verifier, sessions_, token_metrics_, shard_, rig_.clock, [] {}};
  RateLimit rate_limit_{LimitStep(limiter_, {}, limiter_metrics_, clock_), authenticate_};
  net::FilterChain<Exchange> chain_;
  std::optional<net::Response> answer_;
};

TEST_F(SessionCheckTest, ARememberedTokenSharesTheRoundTripOfTheLimit) {
  AskedRoute closed(AuthMode::Required);
  const std::string token = rig_.token("s1");
  EXPECT_EQ(ask(closed, token), 200);
  const auto before = client_.statistics();
  EXPECT_EQ(ask(closed, token), 200);
  EXPECT_EQ(client_.statistics().commands - before.commands, 2U) << "the limit's and ours";
  EXPECT_EQ(client_.statistics().writes - before.writes, 1U);
  EXPECT_EQ(registry_.total(token_metrics_.verifications()), 1U);
}

TEST_F(SessionCheckTest, ANewTokenPaysARoundTripOfItsOwn) {
  AskedRoute closed(AuthMode::Required);
  const auto before = client_.statistics();
  EXPECT_EQ(ask(closed, rig_.token("s1")), 200);
  EXPECT_EQ(client_.statistics().writes - before.writes, 2U);
}

TEST_F(SessionCheckTest, ARouteWithoutTokensAsksNothingMore) {
  AskedRoute open(AuthMode::None);
  const auto exchange = open.request({"Bearer " + rig_.token("s1")});
  exchange->lookup.policies = policies_;
  const auto before = client_.statistics();
  run([&] { return ask_chain(*exchange, answer_); });
  EXPECT_EQ(client_.statistics().commands - before.commands, 1U);
}

TEST_F(SessionCheckTest, AnEndedSessionIsRefusedWhetherItsTokenIsRememberedOrNot) {
  AskedRoute closed(AuthMode::Required);
  const std::string remembered = rig_.token("s1");
  EXPECT_EQ(ask(closed, remembered), 200);
  server_.command({"SET", "sp:deny:{s1}", "1", "EX", "960"});
  EXPECT_EQ(ask(closed, remembered), 401);
  EXPECT_EQ(answer_->code, "token_revoked");
  rig_.clock.advance(std::chrono::seconds(1));
  EXPECT_EQ(ask(closed, rig_.token("s1")), 401) << "another token of the session";
  EXPECT_EQ(ask(closed, rig_.token("s2")), 200);
  server_.command({"DEL", "sp:deny:{s1}"});
  EXPECT_EQ(ask(closed, remembered), 200);
}

TEST_F(SessionCheckTest, WithoutRedisStrictRoutesAreClosedAndOthersStayOpen) {
  AskedRoute lenient(AuthMode::Required);
  AskedRoute strict(AuthMode::Required, Role::Admin, Revocation::Strict);
  AskedRoute writes(AuthMode::Required, Role::Any, Revocation::StrictWrites);
  const std::string token = rig_.token("s1", "admin");
  EXPECT_EQ(ask(lenient, token), 200);
  server_.kill();
  EXPECT_EQ(ask(lenient, token), 200);
  EXPECT_EQ(ask(lenient, rig_.token("s2")), 200) << "one that was never seen before";
  EXPECT_EQ(ask(strict, token), 503);
  EXPECT_EQ(answer_->code, "service_unavailable");
  EXPECT_NE(answer_->fields.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(ask(writes, token), 200);
  EXPECT_EQ(ask(writes, token, net::http::Method::Head), 200);
  EXPECT_EQ(ask(writes, token, net::http::Method::Post), 503);
  EXPECT_EQ(ask(writes, token, net::http::Method::Delete), 503);
  EXPECT_EQ(registry_.total(token_metrics_.unchecked()), 7U);
}

}  // namespace
}  // namespace sallyport::api_gateway
