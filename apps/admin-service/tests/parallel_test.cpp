// Many administrators at once, on several loops.
#include <thread>
#include <vector>

#include "admin_probe.hpp"

namespace sallyport::admin_service {
namespace {

using Engine = testing::SqlEngine;

class AdminInParallel : public ::testing::TestWithParam<Engine> {};
INSTANTIATE_TEST_SUITE_P(Engines, AdminInParallel, ::testing::Values(Engine::Sqlite, Engine::PostgreSql),
                         testing::engine_name);

TEST_P(AdminInParallel, ServesAllOfThem) {
  Probe probe{GetParam()};
  const std::string user = "/admin/users/" + probe.user, json = "Content-Type: application/json\r\n";
  constexpr int kClients = 4, kRounds = 5;
  const auto work = [&](int client) {
    for (int round = 0; round < kRounds; ++round) {
      const std::string role = (client + round) % 2 == 0 ? "admin" : "user";
      EXPECT_EQ(probe.ask("PATCH " + user, probe.admin() + json, R"({"role":")" + role + "\"}").status, 200);
      EXPECT_EQ(probe.ask("POST " + user + "/unlock", probe.admin()).status, 204);
      EXPECT_EQ(probe.ask("GET /admin/users?limit=1", probe.admin()).status, 200);
      EXPECT_EQ(probe.ask("GET /admin/audit-events?limit=3", probe.admin()).status, 200);
    }
  };
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) clients.emplace_back(work, i);
  for (std::thread& client : clients) client.join();
  // The only session ended with the first change of role.
  EXPECT_NE(probe.stored().find(" 0 open"), std::string::npos) << probe.stored();
}

}  // namespace
}  // namespace sallyport::admin_service
