#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "policies.hpp"
#include "sallyport/rate_limit/redis_store.hpp"
#include "sallyport/testing/redis_server.hpp"
#include "sallyport/testing/run_task.hpp"

namespace sallyport::rate_limit::test {

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

/// One connected client and its store.
class RedisParty final {
 public:
  RedisParty(asio::io_context& loop, std::uint16_t port, std::chrono::milliseconds command_timeout)
      : loop_(loop), client_(loop.get_executor(), options(port, command_timeout), clock_, random_, silent_logger()) {
    run_on(loop_, [&](runtime::Executor) { return connect(); });
  }
  ~RedisParty() {
    run_on(loop_, [&](runtime::Executor) { return client_.stop(); });
  }
  RedisParty(const RedisParty&) = delete;
  RedisParty& operator=(const RedisParty&) = delete;

  storage::RedisClient& client() noexcept { return client_; }
  RedisStore& store() noexcept { return store_; }

 private:
  static storage::RedisOptions options(std::uint16_t port, std::chrono::milliseconds command_timeout) {
    storage::RedisOptions options;
    options.url = storage::RedisUrl::parse("redis://127.0.0.1:" + std::to_string(port)).value();
    options.command_timeout = command_timeout;
    options.reconnect_max = std::chrono::milliseconds(200);
    return options;
  }
  runtime::Task<> connect() {
    const auto connected = co_await client_.connect(Deadline::after(clock_.now(), std::chrono::seconds(5)));
    if (!connected) throw std::runtime_error(connected.error().message);
    const auto loaded = co_await store_.load("sp:");
    if (!loaded) throw std::runtime_error(loaded.error().message);
  }

  asio::io_context& loop_;
  SystemClock clock_;
  FastRandom random_;
  storage::RedisClient client_;
  RedisStore store_{client_};
};

}  // namespace sallyport::rate_limit::test
