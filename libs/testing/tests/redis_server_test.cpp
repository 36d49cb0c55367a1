#include "sallyport/testing/redis_server.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>

namespace sallyport::testing {
namespace {

TEST(RedisServer, StartsStopsAndComesBackEmptyOnTheSamePort) {
  RedisServer server({.password = "pass-word"});
  const std::uint16_t port = server.port();
  EXPECT_EQ(server.command({"SET", "k", "v"}), "OK");
  EXPECT_EQ(server.command({"GET", "k"}), "v");
  server.kill();
  EXPECT_THROW(server.command({"PING"}), std::runtime_error);
  server.restart();
  EXPECT_EQ(server.port(), port);
  EXPECT_EQ(server.command({"GET", "k"}), "");
  server.stop();
  EXPECT_THROW(server.command({"PING"}), std::runtime_error);
}

TEST(RedisServer, LeavesNothingBehind) {
  std::string socket;
  {
    const RedisServer server;
    socket = server.socket_path();
    EXPECT_TRUE(std::filesystem::exists(socket));
  }
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(socket).parent_path()));
}

TEST(RedisServer, FailsWithTheLogWhenItsConfigurationIsBad) {
  try {
    const RedisServer server({.directives = {"no-such-directive yes"}});
    FAIL() << "it started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("no-such-directive"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sallyport::testing
