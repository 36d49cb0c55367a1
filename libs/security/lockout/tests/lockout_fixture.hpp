#pragma once

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "sallyport/lockout/lockout.hpp"
#include "sallyport/lockout/redis_lockout_store.hpp"
#include "sallyport/testing/redis_server.hpp"
#include "sallyport/testing/run_task.hpp"

namespace sallyport::lockout::test {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

inline constexpr std::string_view kAlice = "0190b9a4-7c1e-7d2a-8f3b-1c2d3e4f5a6b";

inline log::Logger& silent_logger() {
  static log::Logger logger({.level = log::Level::Off}, log::Redactor{});
  return logger;
}

/// Runs a task on a loop that may have run out of work before.
template <class Make>
auto run_on(asio::io_context& loop, Make make) {
  loop.restart();
  return sallyport::testing::run_task_on(loop, make);
}

/// One connected client and its store: what one process of many has.
class RedisParty final {
 public:
  RedisParty(asio::io_context& loop, std::uint16_t port, milliseconds command_timeout, Limits limits = {},
             const std::string& login = {})
      : loop_(loop),
        client_(loop.get_executor(), options(port, command_timeout, login), clock_, random_, silent_logger()),
        store_(client_, "sp:", clock_, random_, limits) {
    run_on(loop_, [&](runtime::Executor) { return connect(); });
  }
  ~RedisParty() {
    run_on(loop_, [&](runtime::Executor) { return client_.stop(); });
  }
  RedisParty(const RedisParty&) = delete;
  RedisParty& operator=(const RedisParty&) = delete;

  RedisLockoutStore& store() noexcept { return store_; }
  const storage::RedisClient& client() const noexcept { return client_; }

 private:
  static storage::RedisOptions options(std::uint16_t port, milliseconds command_timeout, const std::string& login) {
    storage::RedisOptions options;
    options.url = storage::RedisUrl::parse("redis://" + login + "127.0.0.1:" + std::to_string(port)).value();
    options.command_timeout = command_timeout;
    options.reconnect_max = milliseconds(200);
    return options;
  }
  runtime::Task<> connect() {
    const auto connected = co_await client_.connect(Deadline::after(clock_.now(), seconds(5)));
    if (!connected) throw std::runtime_error(connected.error().message);
  }

  asio::io_context& loop_;
  SystemClock clock_;
  FastRandom random_;
  storage::RedisClient client_;
  RedisLockoutStore store_;
};

}  // namespace sallyport::lockout::test
