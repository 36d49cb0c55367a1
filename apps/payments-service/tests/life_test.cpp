// The service inside another process, as `dev` runs it: started and stopped on demand.
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "payments_probe.hpp"

namespace sallyport::payments_service {
namespace {

using ::testing::HasSubstr;

class PaymentsLife : public ::testing::TestWithParam<Engine> {};
INSTANTIATE_TEST_SUITE_P(Engines, PaymentsLife, kEngines, testing::engine_name);

TEST_P(PaymentsLife, StopsAndServesAgainWhatIsStored) {
  Probe probe{GetParam()};
  probe.start();
  const auto id = probe.made(1000);
  probe.stop();
  probe.start();
  EXPECT_EQ(probe.get("/payments/" + id).text("status"), "captured");
}

TEST_P(PaymentsLife, RefusesASchemaThatIsNotItsOwn) {
  Probe probe{GetParam()};
  const testing::TemporaryFolder folder;
  auto options = probe.options();
  options.database = *storage::DatabaseUrl::parse(
      GetParam() == Engine::Sqlite ? "sqlite:" + folder.file("empty.db")
                                   : testing::postgres_server().url(testing::postgres_server().create_database()));
  PaymentsService service(std::move(options), probe.logger);
  const auto started = service.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().detail, HasSubstr("database"));
  EXPECT_TRUE(service.urls().empty());
}

TEST_P(PaymentsLife, SettlesAfterARestartWhatAProcessLeftOpen) {
  Probe probe{GetParam()};
  probe.start();
  const auto id = probe.made(1000, false);
  probe.database.run("UPDATE payments SET status = 'processing'");
  probe.database.run("UPDATE payment_operations SET state = 'pending', settled_at = NULL, due_at = 0");
  probe.database.run(GetParam() == Engine::Sqlite ? "DROP TRIGGER payment_events_no_delete"
                                                  : "DROP TRIGGER payment_events_no_change ON payment_events");
  probe.database.run("DELETE FROM payment_events");
  probe.stop();
  probe.start();
  const auto end = probe.clock.now() + std::chrono::seconds(20);
  std::string status;
  while (status != "authorized" && probe.clock.now() < end) status = probe.get("/payments/" + id).text("status");
  EXPECT_EQ(status, "authorized");
}

TEST_P(PaymentsLife, ServesManyAtOnceOnSeveralLoops) {
  Probe probe{GetParam()};
  auto options = probe.options();
  options.config.common.threads = 2;
  probe.start(std::move(options));
  constexpr int kClients = 4, kRounds = 5;
  const auto pay_and_look = [&probe](int client) {
    for (int round = 0; round < kRounds; ++round) {
      const std::string key = "k-" + std::to_string(client) + "-" + std::to_string(round);
      const auto paid = probe.post("/payments", R"({"amount":1000,"currency":"EUR"})", key);
      EXPECT_EQ(paid.status, 201);
      EXPECT_EQ(probe.post("/payments/" + paid.text("id") + "/refunds", R"({"amount":1})", key).status, 201);
      EXPECT_EQ(probe.get("/payments?limit=3").status, 200);
    }
  };
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back(pay_and_look, i);
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(probe.rows("payments"), kClients * kRounds);
  EXPECT_EQ(probe.rows("refunds"), kClients * kRounds);
}

TEST_P(PaymentsLife, WithoutItsProcessorServesWhatNeedsNone) {
  Probe probe{GetParam()};
  auto options = probe.options();
  options.processor = *payments::ProcessorUrl::parse("http://127.0.0.1:1");
  probe.start(std::move(options));
  bool open = false;
  for (int i = 0; i < 6 && !open; ++i) {
    const auto reply = probe.post("/payments", R"({"amount":1000,"currency":"EUR"})", probe.fresh_key());
    open = reply.status == 503;
    if (!open) {
      EXPECT_EQ(reply.status, 201);
      EXPECT_EQ(reply.text("failure_code"), "processor_unavailable");
    } else {
      EXPECT_EQ(reply.complaint(), "circuit_open");
      EXPECT_THAT(reply.head, HasSubstr("Retry-After"));
    }
  }
  EXPECT_TRUE(open);
  EXPECT_EQ(probe.get("/payments").status, 200);
  EXPECT_EQ(probe.ask("GET /health", "").status, 200);
}

}  // namespace
}  // namespace sallyport::payments_service
