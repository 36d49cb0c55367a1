#include "sallyport/observability/metrics.hpp"

#include <atomic>
#include <limits>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace sallyport::metrics {
namespace {

TEST(Registry, RendersTheTextFormat) {
  Registry registry;
  const CounterId ok = registry.counter("requests_total", "Requests by status.", {{"route", "/a"}, {"status", "200"}});
  registry.counter("requests_total", "Requests by status.", {{"route", "/a"}, {"status", "500"}});
  const HistogramId latency =
      registry.histogram("latency_seconds", "Time to answer.", {0.001, 0.5, 2}, {{"route", "/a"}});
  const CounterId bare = registry.counter("restarts_total", "Line one\nline \\ two \"quoted\".");
  registry.gauge("breaker_open", "1 when open.", {{"upstream", "a\\b\"c\nd"}}, [] { return 1.0; });
  registry.counter_from("log_lines_dropped_total", "Lost.", {}, [] { return 12.5; });

  Shard& shard = registry.make_shard();
  shard.add(ok, 3);
  shard.add(bare);
  for (const double value : {0.0005, 0.001, 0.0011, 1.5, 7.0}) shard.observe(latency, value);

  EXPECT_EQ(registry.render(), R"(# HELP requests_total Requests by status.
# TYPE requests_total counter
requests_total{route="/a",status="200"} 3
requests_total{route="/a",status="500"} 0
# HELP latency_seconds Time to answer.
# TYPE latency_seconds histogram
latency_seconds_bucket{route="/a",le="0.001"} 2
latency_seconds_bucket{route="/a",le="0.5"} 3
latency_seconds_bucket{route="/a",le="2"} 4
latency_seconds_bucket{route="/a",le="+Inf"} 5
latency_seconds_sum{route="/a"} 8.5026
latency_seconds_count{route="/a"} 5
# HELP restarts_total Line one\nline \\ two "quoted".
# TYPE restarts_total counter
restarts_total 1
# HELP breaker_open 1 when open.
# TYPE breaker_open gauge
breaker_open{upstream="a\\b\"c\nd"} 1
# HELP log_lines_dropped_total Lost.
# TYPE log_lines_dropped_total counter
log_lines_dropped_total 12.5
)");
}

TEST(Registry, RendersNumbersThatJsonDoesNotHave) {
  Registry registry;
  registry.gauge("a", "", {}, [] { return std::numeric_limits<double>::quiet_NaN(); });
  registry.gauge("b", "", {}, [] { return -std::numeric_limits<double>::infinity(); });
  const std::string text = registry.render();
  EXPECT_NE(text.find("\na NaN\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nb -Inf\n"), std::string::npos) << text;
}

TEST(Registry, GivesTheSameSeriesWhenAskedAgain) {
  Registry registry;
  const CounterId first = registry.counter("x_total", "X.", {{"a", "1"}});
  const CounterId other = registry.counter("x_total", "X.", {{"a", "2"}});
  const CounterId again = registry.counter("x_total", "X.", {{"a", "1"}});
  EXPECT_EQ(first.slot, again.slot);
  EXPECT_NE(first.slot, other.slot);
}

TEST(Registry, LetsAReaderAskForTotals) {
  Registry registry;
  const CounterId hits = registry.counter("hits_total", "Hits.");
  registry.gauge("hits_twice", "Twice.", {}, [&] { return 2.0 * static_cast<double>(registry.total(hits)); });
  registry.make_shard().add(hits, 4);
  EXPECT_NE(registry.render().find("\nhits_twice 8\n"), std::string::npos);
}

TEST(Shard, SumsOverThreadsWhileOneReads) {
  constexpr int kThreads = 4;
  constexpr std::uint64_t kRounds = 20000;
  Registry registry;
  const CounterId counter = registry.counter("c_total", "C.");
  const HistogramId histogram = registry.histogram("h", "H.", {1, 2});
  std::atomic<int> running = kThreads;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      Shard& shard = registry.make_shard();  // from its own thread, while others already count
      for (std::uint64_t i = 0; i < kRounds; ++i) {
        shard.add(counter, 2);
        shard.observe(histogram, static_cast<double>(i % 3) + 0.5);
      }
      running.fetch_sub(1);
    });
  }
  std::uint64_t last = 0;
  while (running.load() > 0) {
    const std::uint64_t now = registry.total(counter);
    EXPECT_GE(now, last);
    last = now;
    EXPECT_NE(registry.render().find("h_count"), std::string::npos);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(registry.total(counter), 2 * kThreads * kRounds);
  const std::string text = registry.render();
  EXPECT_NE(text.find("h_bucket{le=\"1\"} 26668\n"), std::string::npos) << text;
  EXPECT_NE(text.find("h_bucket{le=\"+Inf\"} 80000\n"), std::string::npos) << text;
  EXPECT_NE(text.find("h_count 80000\n"), std::string::npos) << text;
}

TEST(Shard, IgnoresNotANumber) {
  Registry registry;
  const HistogramId histogram = registry.histogram("h", "H.", {1});
  Shard& shard = registry.make_shard();
  shard.observe(histogram, std::numeric_limits<double>::quiet_NaN());
  shard.observe(histogram, std::numeric_limits<double>::infinity());
  EXPECT_NE(registry.render().find("h_sum +Inf\nh_count 1\n"), std::string::npos) << registry.render();
}

TEST(Shard, CountsAnUnregisteredIdNowhere) {
  Registry registry;
  const CounterId real = registry.counter("c_total", "C.");
  Shard& shard = registry.make_shard();
  shard.add(CounterId{}, 5);
  shard.observe(HistogramId{}, 5);
  EXPECT_EQ(registry.total(real), 0U);
}

struct Misuse {
  std::string_view name;
  void (*act)(Registry&);
};

class RegistryDeath : public ::testing::TestWithParam<Misuse> {};

TEST_P(RegistryDeath, StopsTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  Registry registry;
  registry.histogram("h", "H.", {1, 2});
  registry.gauge("g", "G.", {}, [] { return 0.0; });
  EXPECT_DEATH(GetParam().act(registry), "broken invariant");
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RegistryDeath,
    ::testing::Values(Misuse{"RegisteringAfterAShard",
                             [](Registry& r) {
                               r.make_shard();
                               r.counter("x", "");
                             }},
                      Misuse{"AGaugeAfterAShard",
                             [](Registry& r) {
                               r.make_shard();
                               r.gauge("x", "", {}, [] { return 0.0; });
                             }},
                      Misuse{"OtherBounds", [](Registry& r) { r.histogram("h", "H.", {1, 3}, {{"a", "b"}}); }},
                      Misuse{"FallingBounds", [](Registry& r) { r.histogram("f", "", {2, 1}); }},
                      Misuse{"EqualBounds", [](Registry& r) { r.histogram("f", "", {1, 1}); }},
                      Misuse{"AnInfiniteBound",
                             [](Registry& r) { r.histogram("f", "", {1, std::numeric_limits<double>::infinity()}); }},
                      Misuse{"OtherKind", [](Registry& r) { r.counter("h", "H."); }},
                      Misuse{"TheSameGaugeTwice", [](Registry& r) { r.gauge("g", "G.", {}, [] { return 0.0; }); }},
                      Misuse{"AnEmptyName", [](Registry& r) { r.counter("", ""); }},
                      Misuse{"ABadName", [](Registry& r) { r.counter("a-b", ""); }},
                      Misuse{"ABadLabel", [](Registry& r) { r.counter("a", "", {{"b c", ""}}); }},
                      Misuse{"TheLabelOfBuckets", [](Registry& r) { r.histogram("a", "", {1}, {{"le", ""}}); }}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace sallyport::metrics
