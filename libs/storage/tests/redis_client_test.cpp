#include "sallyport/storage/redis_client.hpp"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <optional>

#include <boost/asio/bind_cancellation_slot.hpp>

#include "redis_rig.hpp"

namespace sallyport::storage {
namespace {

/// One server for the tests that do not break it.
testing::RedisServer& shared_server() {
  static testing::RedisServer server;
  return server;
}

Task<RedisErrorKind> error_kind(RedisClient& client, std::vector<std::string> words) {
  const auto reply = co_await send(client, std::move(words));
  EXPECT_FALSE(reply.has_value());
  co_return reply ? RedisErrorKind::Protocol : reply.error().kind;
}

Task<> store_error(RedisClient& client, std::vector<std::string> words, std::vector<RedisErrorKind>& out) {
  const RedisErrorKind kind = co_await error_kind(client, std::move(words));
  out.push_back(kind);
}

Task<> carries_any_bytes(Executor executor) {
  Rig rig;
  RedisClient client(executor, options_for(shared_server().url()), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  std::string value("\0\r\n$5\r\n*1\xff", 11);
  value += std::string(300'000, '\0');
  EXPECT_EQ(text_of(co_await send(client, {"SET", value.substr(0, 20), value})), "OK");
  EXPECT_EQ(text_of(co_await send(client, {"GET", value.substr(0, 20)})), value);
  EXPECT_EQ(text_of(co_await send(client, {"GET", "absent"})), "nil");
  EXPECT_EQ(text_of(co_await send(client, {"STRLEN", value.substr(0, 20)})), std::to_string(value.size()));
  const auto wrong = co_await send(client, {"LPUSH", value.substr(0, 20), "x"});
  EXPECT_TRUE(!wrong && wrong.error().is("WRONGTYPE")) << text_of(wrong);
  co_await client.stop();
  EXPECT_EQ(co_await error_kind(client, {"PING"}), RedisErrorKind::NotSent);
}
TEST(RedisClient, CarriesAnyBytes) {
  testing::run_task(carries_any_bytes);
}

std::string eval(std::initializer_list<std::string_view> words) {
  std::string out;
  append_resp_command(out, std::vector<std::string_view>(words));
  return out;
}

Task<> integers_or_an_error(Executor executor) {
  Rig rig;
  RedisClient client(executor, options_for(shared_server().url()), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  const auto good = co_await client.command_for_integers(eval({"EVAL", "return {1,-2,9007199254740993}", "0"}));
  EXPECT_TRUE(good && good->size == 3 && good->values[0] == 1 && good->values[1] == -2);
  const auto none = co_await client.command_for_integers(eval({"EVAL", "return {}", "0"}));
  EXPECT_TRUE(none && none->size == 0);
  EXPECT_TRUE(co_await send(client, {"BITFIELD", "n", "SET", "i64", "0", "9223372036854775807"}));
  const auto largest = co_await client.command_for_integers(eval({"BITFIELD", "n", "GET", "i64", "0"}));
  EXPECT_TRUE(largest && largest->values[0] == std::numeric_limits<std::int64_t>::max());
  const auto most =
      co_await client.command_for_integers(eval({"EVAL", "local t={} for i=1,32 do t[i]=i end return t", "0"}));
  EXPECT_TRUE(most && most->size == 32 && most->values[31] == 32);
  for (const char* script : {"local t={} for i=1,33 do t[i]=i end return t", "return 1", "return {1,'a'}",
                             "return 'OK'", "return {1,{2}}", "return nil"}) {
    const auto bad = co_await client.command_for_integers(eval({"EVAL", script, "0"}));
    EXPECT_TRUE(!bad && bad.error().kind == RedisErrorKind::Protocol) << script;
  }
  const auto error = co_await client.command_for_integers(eval({"EVALSHA", std::string(40, 'a'), "0"}));
  EXPECT_TRUE(!error && error.error().is("NOSCRIPT"));
  EXPECT_TRUE(client.connected());
  co_await client.stop();
}
TEST(RedisClient, GivesIntegersOrAnError) {
  testing::run_task(integers_or_an_error);
}

constexpr int kCallers = 200;
constexpr int kCallsEach = 50;

Task<> call_many_times(RedisClient& client, int caller, int& right) {
  for (int call = 0; call < kCallsEach; ++call) {
    const std::int64_t own = caller * 1000 + call;
    if (call % 2 == 0) {
      const auto reply = co_await send(client, {"ECHO", std::to_string(own)});
      if (text_of(reply) == std::to_string(own)) ++right;
    } else {
      const auto reply = co_await client.command_for_integers(
          eval({"EVAL", "return {tonumber(ARGV[1]),1}", "0", std::to_string(own)}));
      if (reply && reply->size == 2 && reply->values[0] == own) ++right;
    }
  }
}

Task<> everybody_gets_their_own(Executor executor, const std::string& url, int callers) {
  Rig rig;
  RedisClient client(executor, options_for(url), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  runtime::TaskScope scope(executor, kCallers, report_failure);
  int right = 0;
  for (int caller = 0; caller < callers; ++caller) scope.spawn(call_many_times(client, caller, right));
  co_await scope.join();
  EXPECT_EQ(right, callers * kCallsEach);
  EXPECT_EQ(client.statistics().commands, static_cast<std::uint64_t>(callers * kCallsEach));
  if (callers == kCallers) {
    EXPECT_LT(client.statistics().writes, client.statistics().commands / 20);
  }
  co_await client.stop();
}
TEST(RedisClient, GivesEverybodyTheirOwnReplyWithFewWrites) {
  testing::run_task(everybody_gets_their_own, shared_server().url(), kCallers);
}
TEST(RedisClient, GivesEverybodyTheirOwnReplyOverAUnixSocket) {
  testing::run_task(everybody_gets_their_own, "unix://" + shared_server().socket_path(), kCallers);
}
TEST(RedisClient, GivesEverybodyTheirOwnReplyOverTls) {
  const testing::Certificates certificates;
  const testing::RedisServer server({.certificates = &certificates});
  testing::run_task(everybody_gets_their_own, server.url(), kCallers);
}
TEST(RedisClient, GivesEverybodyTheirOwnReplyWhenRepliesComeByteByByte) {
  testing::TcpGate gate(shared_server().port());
  gate.slice();
  testing::run_task(everybody_gets_their_own, "redis://127.0.0.1:" + std::to_string(gate.port()), 10);
}

Task<> times_out_soon(Executor executor, testing::RedisServer& server) {
  Rig rig;
  RedisOptions options = options_for(server.url());
  options.command_timeout = milliseconds(50);
  RedisClient client(executor, std::move(options), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  server.suspend();
  const Stopwatch watch;
  EXPECT_EQ(co_await error_kind(client, {"PING"}), RedisErrorKind::Timeout);
  EXPECT_GE(watch.elapsed(), milliseconds(49));
  EXPECT_LT(watch.elapsed(), milliseconds(250));
  // A server that stays silent with work before it is given up; then nobody waits any more.
  EXPECT_TRUE(co_await becomes(executor, client, false));
  EXPECT_LT(watch.elapsed(), milliseconds(1000));
  const Stopwatch second;
  EXPECT_EQ(co_await error_kind(client, {"PING"}), RedisErrorKind::NotSent);
  EXPECT_LT(second.elapsed(), milliseconds(40));
  server.resume();
  EXPECT_TRUE(co_await becomes(executor, client, true));
  EXPECT_EQ(text_of(co_await send(client, {"PING"})), "PONG");
  EXPECT_EQ(client.statistics().timeouts, 1U);
  EXPECT_EQ(client.statistics().reconnects, 1U);
  co_await client.stop();
}
TEST(RedisClient, TimesOutSoonAndGivesASilentServerUp) {
  testing::RedisServer server;
  testing::run_task(times_out_soon, server);
}

Task<> drops_late_replies(Executor executor, testing::RedisServer& server) {
  Rig rig;
  RedisOptions options = options_for(server.url());
  options.command_timeout = milliseconds(400);
  RedisClient client(executor, std::move(options), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  server.suspend();
  std::vector<RedisErrorKind> errors;
  runtime::TaskScope scope(executor, 10, report_failure);
  for (const char* word : {"late-1", "late-2", "late-3"}) scope.spawn(store_error(client, {"ECHO", word}, errors));
  co_await scope.join();
  EXPECT_EQ(errors, std::vector<RedisErrorKind>(3, RedisErrorKind::Timeout));
  EXPECT_EQ(client.statistics().late_replies, 0U);
  server.resume();
  EXPECT_EQ(text_of(co_await send(client, {"ECHO", "mine"})), "mine");
  EXPECT_EQ(client.statistics().late_replies, 3U);
  EXPECT_EQ(client.statistics().reconnects, 0U);
  co_await client.stop();
}
TEST(RedisClient, DropsLateRepliesAndNeverGivesThemToAnother) {
  testing::RedisServer server;
  testing::run_task(drops_late_replies, server);
}

Task<> survives_cancellation(Executor executor, testing::RedisServer& server) {
  Rig rig;
  RedisClient client(executor, options_for(server.url()), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  server.suspend();
  asio::cancellation_signal cancel;
  std::optional<std::string> outcome;
  asio::co_spawn(executor, send(client, {"ECHO", "cancelled"}),
                 asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr, RedisResult<RedisReply> reply) {
                   outcome = text_of(reply);
                 }));
  co_await pause(executor, milliseconds(20));
  EXPECT_FALSE(outcome);
  const Stopwatch watch;
  cancel.emit(asio::cancellation_type::all);
  cancel.emit(asio::cancellation_type::all);
  while (!outcome && watch.elapsed() < milliseconds(4000)) co_await pause(executor, milliseconds(1));
  EXPECT_LT(watch.elapsed(), milliseconds(1000));
  EXPECT_EQ(outcome, "1: the wait was cancelled");
  server.resume();
  EXPECT_EQ(text_of(co_await send(client, {"ECHO", "mine"})), "mine");
  EXPECT_EQ(client.statistics().late_replies, 1U);
  co_await client.stop();
}
TEST(RedisClient, LetsAWaiterLeaveWithoutMixingUpTheRest) {
  testing::RedisServer server;
  testing::run_task(survives_cancellation, server);
}

Task<> bounds_what_is_in_flight(Executor executor, testing::RedisServer& server) {
  Rig rig;
  RedisOptions options = options_for(server.url());
  options.command_timeout = milliseconds(300);
  options.in_flight_max = 4;
  RedisClient client(executor, std::move(options), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  server.suspend();
  std::vector<RedisErrorKind> errors;
  runtime::TaskScope scope(executor, 20, report_failure);
  for (int i = 0; i < 10; ++i) scope.spawn(store_error(client, {"PING"}, errors));
  co_await scope.join();
  std::vector<RedisErrorKind> expected(6, RedisErrorKind::NotSent);
  expected.insert(expected.end(), 4, RedisErrorKind::Timeout);
  EXPECT_EQ(errors, expected);
  // Commands without an answer still count after their callers have left.
  EXPECT_EQ(co_await error_kind(client, {"PING"}), RedisErrorKind::NotSent);
  server.resume();
  co_await client.stop();
}
TEST(RedisClient, BoundsWhatIsInFlight) {
  testing::RedisServer server;
  testing::run_task(bounds_what_is_in_flight, server);
}

Task<> refuses_a_flood_of_bytes(Executor executor) {
  Rig rig;
  RedisClient client(executor, options_for(shared_server().url()), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  EXPECT_EQ(co_await error_kind(client, {"SET", "k", std::string(17U << 20U, 'x')}), RedisErrorKind::NotSent);
  EXPECT_EQ(text_of(co_await send(client, {"PING"})), "PONG");
  co_await client.stop();
}
TEST(RedisClient, RefusesAFloodOfBytes) {
  testing::run_task(refuses_a_flood_of_bytes);
}

Task<> reconnects_by_itself(Executor executor, testing::RedisServer& server) {
  Rig rig;
  RedisClient client(executor, options_for(server.url()), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  server.suspend();
  // Far more than the kernel's buffers hold: the first are written, the last are not.
  std::vector<RedisErrorKind> errors;
  runtime::TaskScope scope(executor, 40, report_failure);
  for (int i = 0; i < 30; ++i) scope.spawn(store_error(client, {"SET", "k", std::string(500'000, 'x')}, errors));
  co_await pause(executor, milliseconds(50));
  server.kill();
  co_await scope.join();
  EXPECT_EQ(errors.size(), 30U);
  EXPECT_EQ(errors.front(), RedisErrorKind::Disconnect);
  EXPECT_EQ(errors.back(), RedisErrorKind::NotSent);
  EXPECT_TRUE(std::is_sorted(errors.rbegin(), errors.rend()));
  EXPECT_FALSE(client.connected());
  const Stopwatch watch;
  EXPECT_EQ(co_await error_kind(client, {"PING"}), RedisErrorKind::NotSent);
  EXPECT_LT(watch.elapsed(), milliseconds(100));
  server.restart();
  EXPECT_TRUE(co_await becomes(executor, client, true));
  EXPECT_EQ(text_of(co_await send(client, {"PING"})), "PONG");
  EXPECT_EQ(client.statistics().reconnects, 1U);
  co_await client.stop();
}
TEST(RedisClient, SaysWhatWasSentWhenTheServerDiesAndReconnectsByItself) {
  testing::RedisServer server;
  testing::run_task(reconnects_by_itself, server);
}

Task<> notices_a_reply_cut_short(Executor executor, testing::TcpGate& gate) {
  Rig rig;
  RedisClient client(executor, options_for("redis://127.0.0.1:" + std::to_string(gate.port())), rig.clock, rig.random,
                     rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  EXPECT_EQ(text_of(co_await send(client, {"SET", "cut", std::string(50'000, 'x')})), "OK");
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{3}, std::uint64_t{20'000}}) {
    gate.cut_after(bytes);
    EXPECT_EQ(co_await error_kind(client, {"GET", "cut"}), RedisErrorKind::Disconnect) << bytes;
    gate.forward();
    EXPECT_TRUE(co_await becomes(executor, client, true));
    EXPECT_EQ(text_of(co_await send(client, {"STRLEN", "cut"})), "50000");
  }
  EXPECT_EQ(client.statistics().reconnects, 3U);
  co_await client.stop();
}
TEST(RedisClient, NoticesAReplyThatIsCutShort) {
  testing::TcpGate gate(shared_server().port());
  testing::run_task(notices_a_reply_cut_short, gate);
}

Task<> stops_with_commands_in_flight(Executor executor, testing::RedisServer& server) {
  Rig rig;
  RedisClient client(executor, options_for(server.url()), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  server.suspend();
  std::vector<RedisErrorKind> errors;
  runtime::TaskScope scope(executor, 20, report_failure);
  for (int i = 0; i < 5; ++i) scope.spawn(store_error(client, {"PING"}, errors));
  co_await pause(executor, milliseconds(20));
  for (int i = 0; i < 5; ++i) scope.spawn(store_error(client, {"PING"}, errors));
  const Stopwatch watch;
  co_await client.stop();
  co_await scope.join();
  EXPECT_LT(watch.elapsed(), milliseconds(1000));
  EXPECT_EQ(std::count(errors.begin(), errors.end(), RedisErrorKind::Disconnect), 5);
  EXPECT_EQ(std::count(errors.begin(), errors.end(), RedisErrorKind::NotSent), 5);
}
TEST(RedisClient, StopsWithCommandsInFlight) {
  testing::RedisServer server;
  testing::run_task(stops_with_commands_in_flight, server);
}

Task<> call_then(RedisClient& client, void (*act)(RedisClient&), std::vector<std::string>& outcomes) {
  const auto reply = co_await send(client, {"ECHO", "x"});
  outcomes.push_back(text_of(reply));
  act(client);
}

Task<> survives_a_reconnect_from_a_waiter(Executor executor) {
  Rig rig;
  RedisClient client(executor, options_for(shared_server().url()), rig.clock, rig.random, rig.logger);
  EXPECT_TRUE(co_await client.connect(rig.in(milliseconds(5000))));
  runtime::TaskScope scope(executor, 50, report_failure);
  std::vector<std::string> outcomes;
  for (int i = 0; i < 50; ++i) {
    scope.spawn(call_then(client, [](RedisClient& c) { c.reconnect(); }, outcomes));
  }
  co_await scope.join();
  // All commands left in one write; whoever is not answered by the first read learns that the connection is gone.
  EXPECT_EQ(outcomes.size(), 50U);
  EXPECT_EQ(outcomes.front(), "x");
  EXPECT_TRUE(co_await becomes(executor, client, true));
  EXPECT_EQ(client.statistics().reconnects, 1U);
  EXPECT_EQ(text_of(co_await send(client, {"ECHO", "again"})), "again");
  co_await client.stop();
}
TEST(RedisClient, SurvivesAReconnectFromAWaiter) {
  testing::run_task(survives_a_reconnect_from_a_waiter);
}

}  // namespace
}  // namespace sallyport::storage
