#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "gather_budget.hpp"
#include "sallyport/core/random.hpp"
#include "status/status_text.hpp"

namespace sallyport::api_gateway {
namespace {

using namespace std::chrono_literals;

/// One event loop with one upstream at the given addresses.
class Loop {
 public:
  Loop(UpstreamShared& shared, std::vector<std::string> hosts) : sweeper_(io_.get_executor(), clock_, 20ms) {
    upstreams_.push_back(std::make_unique<Upstream>(shared, io_.get_executor(), sweeper_, buffers_, random_));
    std::vector<asio::ip::tcp::endpoint> endpoints;
    for (const auto& host : hosts) endpoints.emplace_back(asio::ip::make_address(host), std::uint16_t{9000});
    upstreams_[0]->set_addresses(endpoints);
  }
  asio::io_context& io() { return io_; }
  const std::vector<std::unique_ptr<Upstream>>& upstreams() const { return upstreams_; }

 private:
  asio::io_context io_;
  SystemClock clock_;
  FastRandom random_;
  net::Sweeper sweeper_;
  net::BufferPool buffers_{1024, 1};
  std::vector<std::unique_ptr<Upstream>> upstreams_;
};

UpstreamConfig shop() {
  UpstreamConfig upstream;
  upstream.name = "shop";
  upstream.max_in_flight = 9;
  return upstream;
}

bool wait_on(asio::io_context& io, const std::shared_ptr<Census>& census, std::chrono::milliseconds limit) {
  bool complete = false;
  asio::co_spawn(io, census->wait(limit), [&](const std::exception_ptr&, bool result) { complete = result; });
  io.restart();
  io.run_for(5s);
  return complete;
}

TEST(Census, AddsUpWhatAllLoopsHold) {
  const UpstreamConfig config = shop();
  UpstreamShared shared(config);
  Loop first(shared, {"127.0.0.1", "127.0.0.2"});
  Loop second(shared, {"127.0.0.2", "127.0.0.3"});
  InFlight busy[] = {first.upstreams()[0]->admit(), second.upstreams()[0]->admit(), second.upstreams()[0]->admit()};
  busy[0].at(first.upstreams()[0]->hosts()[1]);
  busy[1].at(second.upstreams()[0]->hosts()[0]);
  busy[2].at(second.upstreams()[0]->hosts()[1]);

  asio::io_context asker;
  auto census = std::make_shared<Census>(asker.get_executor(), 1, 2);
  census->add(first.upstreams());
  std::thread([&] { census->add(second.upstreams()); }).join();
  ASSERT_TRUE(wait_on(asker, census, 5s));
  std::vector<std::pair<std::string, std::uint64_t>> counted;
  for (const HostCount& host : census->hosts(0)) counted.emplace_back(host.address, host.connections);
  EXPECT_EQ(counted, (std::vector<std::pair<std::string, std::uint64_t>>{
                         {"127.0.0.1:9000", 0}, {"127.0.0.2:9000", 2}, {"127.0.0.3:9000", 1}}));
}

TEST(Census, GivesUpOnALoopThatDoesNotAnswerAndSurvivesIfItDoesLater) {
  const UpstreamConfig config = shop();
  UpstreamShared shared(config);
  Loop loop(shared, {});
  asio::io_context asker;
  auto census = std::make_shared<Census>(asker.get_executor(), 1, 2);
  census->add(loop.upstreams());
  EXPECT_FALSE(wait_on(asker, census, 1ms));
  census->add(loop.upstreams());
  census.reset();
  asker.restart();
  asker.run();
}

TEST(StatusText, SaysWhatTheContractSays) {
  Config config;
  config.rate_limits.resize(2);
  config.rate_limits[0].name = "global";
  config.rate_limits[1].name = "slow";
  RouteConfig route;
  route.id = "/shop/*|GET";
  route.path = "/shop";
  route.prefix = true;
  route.methods = {net::http::Method::Get};
  route.upstream = "shop";
  route.role = Role::Admin;
  route.rate_limits = {"slow"};
  route.schema.emplace().mode = SchemaMode::Shadow;
  config.routes.push_back(route);
  config.routes.emplace_back().path = "/";
  config.routes.back().prefix = true;
  config.upstreams.push_back(shop());
  std::vector<std::unique_ptr<UpstreamShared>> upstreams;
  upstreams.push_back(std::make_unique<UpstreamShared>(config.upstreams[0]));
  Loop loop(*upstreams[0], {"::1"});
  const InFlight busy = loop.upstreams()[0]->admit();
  auto census = std::make_shared<Census>(loop.io().get_executor(), 1, 1);
  census->add(loop.upstreams());

  const std::string text = status_json({.config = config,
                                        .readiness = {.ready = false, .store = "in_process", .token_keys = "ok"},
                                        .uptime = 86412s,
                                        .connections = 3,
                                        .upstreams = upstreams,
                                        .census = *census});
  EXPECT_EQ(boost::json::parse(text), boost::json::parse(R"({
    "status": "draining", "uptime_seconds": 86412, "rate_limit_store": "in_process", "connections": 3,
    "routes": [
      {"path": "/shop/*", "methods": ["GET"], "upstream": "shop", "auth": "required", "role": "admin",
       "rate_limits": ["global", "slow"], "schema": "shadow"},
      {"path": "/*", "methods": [], "upstream": "", "auth": "none", "role": "any", "rate_limits": ["global"],
       "schema": "none"}],
    "upstreams": [{"name": "shop", "in_flight": 1, "max_in_flight": 9,
                   "hosts": [{"address": "[::1]:9000", "connections": 0, "idle_connections": 0}]}]
  })"))
      << text;
}

TEST(GatherBudget, GivesNoMoreThanItHasAndTakesItBack) {
  GatherBudget budget(100);
  GatherBudget::Hold first;
  EXPECT_TRUE(first.grow(budget, 60));
  {
    GatherBudget::Hold second;
    EXPECT_TRUE(second.grow(budget, 40));
    EXPECT_FALSE(second.grow(budget, 41)) << "and keeps what it has";
    EXPECT_TRUE(first.grow(budget, 10)) << "which it has already";
    EXPECT_EQ(budget.left(), 0U);
  }
  EXPECT_EQ(budget.left(), 40U);
  EXPECT_TRUE(first.grow(budget, 100));
  first.release();
  first.release();
  EXPECT_EQ(budget.left(), 100U);
}

}  // namespace
}  // namespace sallyport::api_gateway
