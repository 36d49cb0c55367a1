#pragma once

#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/runtime/task_scope.hpp"
#include "sallyport/storage/redis_client.hpp"
#include "sallyport/storage/resp.hpp"
#include "sallyport/testing/redis_server.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/testing/tcp_gate.hpp"

namespace sallyport::storage {

using runtime::Executor;
using runtime::Task;
using std::chrono::milliseconds;

/// What every client in these tests is made from.
struct Rig {
  SystemClock clock;
  FastRandom random{42};
  log::Logger logger{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};

  Deadline in(milliseconds wait) const { return Deadline::after(clock.now(), wait); }
};

inline RedisOptions options_for(const std::string& url) {
  auto parsed = RedisUrl::parse(url);
  if (!parsed) throw std::runtime_error(parsed.error().detail);
  RedisOptions options{.url = *std::move(parsed)};
  options.command_timeout = milliseconds(5000);
  return options;
}

inline Task<RedisResult<RedisReply>> send(RedisClient& client, std::vector<std::string> words) {
  const std::vector<std::string_view> views(words.begin(), words.end());
  co_return co_await client.command(views);
}

/// The reply's text; "nil"; or "kind: message" of the error.
inline std::string text_of(const RedisResult<RedisReply>& reply) {
  if (!reply) return std::to_string(static_cast<int>(reply.error().kind)) + ": " + reply.error().message;
  if (const auto* text = std::get_if<std::string>(&reply->value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&reply->value)) return std::to_string(*number);
  return reply->is_nil() ? "nil" : "array";
}

inline Task<> pause(Executor executor, milliseconds wait) {
  runtime::Timer timer(executor, wait);
  co_await timer.async_wait(runtime::use_task);
}

/// Waits until the client is connected, or is not; false when that takes more than ten seconds.
inline Task<bool> becomes(Executor executor, const RedisClient& client, bool connected) {
  for (int i = 0; i < 2000 && client.connected() != connected; ++i) co_await pause(executor, milliseconds(5));
  co_return client.connected() == connected;
}

inline void report_failure(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const std::exception& thrown) {
    ADD_FAILURE() << thrown.what();
  }
}

class Stopwatch {
 public:
  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start_);
  }

 private:
  SteadyTime start_ = std::chrono::steady_clock::now();
};

}  // namespace sallyport::storage
