// The service inside another process, as `dev` runs it: started and stopped on demand.
#include <gmock/gmock.h>

#include "payments_probe.hpp"

namespace sallyport::payments_service {
namespace {

using ::testing::HasSubstr;

TEST(PaymentsLife, StopsAndServesAgainWhatIsStored) {
  Probe probe;
  probe.start();
  const auto id = probe.made(1000);
  probe.stop();
  probe.start();
  EXPECT_EQ(probe.get("/payments/" + id).text("status"), "captured");
}

TEST(PaymentsLife, RefusesASchemaThatIsNotItsOwn) {
  Probe probe;
  auto options = probe.options();
  options.database = *storage::DatabaseUrl::parse("sqlite:" + probe.folder.file("empty.db"));
  PaymentsService service(std::move(options), probe.logger);
  const auto started = service.start();
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().detail, HasSubstr("database"));
  EXPECT_TRUE(service.urls().empty());
}

TEST(PaymentsLife, SettlesAfterARestartWhatAProcessLeftOpen) {
  Probe probe;
  probe.start();
  const auto id = probe.made(1000, false);
  probe.run("UPDATE payments SET status = 'processing'");
  probe.run("UPDATE payment_operations SET state = 'pending', settled_at = NULL, due_at = 0");
  probe.run("DROP TRIGGER payment_events_no_delete");
  probe.run("DELETE FROM payment_events");
  probe.stop();
  probe.start();
  const auto end = probe.clock.now() + std::chrono::seconds(20);
  std::string status;
  while (status != "authorized" && probe.clock.now() < end) status = probe.get("/payments/" + id).text("status");
  EXPECT_EQ(status, "authorized");
}

TEST(PaymentsLife, WithoutItsProcessorServesWhatNeedsNone) {
  Probe probe;
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
