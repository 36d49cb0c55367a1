#include "sallyport/testing/postgres_server.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace sallyport::testing {
namespace {

TEST(PostgresServer, KeepsWhatWasCommittedWhenItIsKilled) {
  std::string folder;
  {
    PostgresServer server;
    folder = server.socket_folder();
    const std::uint16_t port = server.port();
    const std::string database = server.create_database();
    server.query("CREATE TABLE t (x int); INSERT INTO t VALUES (7)", database);
    server.kill();
    EXPECT_THROW(server.query("SELECT 1"), std::runtime_error);
    server.restart();
    EXPECT_EQ(server.port(), port);
    EXPECT_EQ(server.query("SELECT x FROM t", database), "7");
    EXPECT_NE(server.create_database(), database);
    server.stop();
    EXPECT_THROW(server.query("SELECT 1"), std::runtime_error);
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(PostgresServer, FailsWithTheLogWhenItsConfigurationIsBad) {
  try {
    const PostgresServer server({.settings = {"no_such_setting = 1"}});
    FAIL() << "it started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no_such_setting"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sallyport::testing
