#include "sallyport/net/abandonable.hpp"

#include <optional>
#include <stdexcept>

#include <gtest/gtest.h>
#include <boost/asio/cancellation_state.hpp>

#include "sallyport/runtime/task_scope.hpp"

namespace sallyport::net {
namespace {

using runtime::Task;

/// Waits for a minute, or until the wait is cancelled; asks for news of the client or does not.
enum class Listens : std::uint8_t { Yes, No };
Task<bool> wait(Listens listens, runtime::Timer& timer) {
  if (listens == Listens::Yes) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  }
  ErrorCodeSys ec;
  timer.expires_after(std::chrono::minutes(1));
  co_await timer.async_wait(runtime::into(ec));
  co_return ec == asio::error::operation_aborted;
}

Task<bool> fail_at_once() {
  throw std::logic_error("a bug");
  co_return false;
}

class Abandonable : public ::testing::Test {
 protected:
  void start(Task<bool> work) {
    asio::co_spawn(io_, abandonable(exchange_, std::move(work)), [this](std::exception_ptr failure, bool result) {
      failure_ = std::move(failure);
      result_ = result;
    });
    io_.poll();
  }
  asio::io_context io_{1};
  runtime::Timer timer_{io_.get_executor()};
  Exchange exchange_;
  std::optional<bool> result_;
  std::exception_ptr failure_;
};

TEST_F(Abandonable, EndsTheWaitThatListens) {
  start(wait(Listens::Yes, timer_));
  ASSERT_NE(exchange_.waiting_on, nullptr);
  EXPECT_FALSE(result_);
  exchange_.waiting_on->abort();
  io_.poll();
  EXPECT_EQ(result_, true);
  EXPECT_EQ(exchange_.waiting_on, nullptr) << "what it pointed to is gone";
}

TEST_F(Abandonable, DisturbsNobodyElse) {
  start(wait(Listens::No, timer_));
  for (int i = 0; i < 3; ++i) {
    exchange_.waiting_on->abort();
    io_.poll();
  }
  EXPECT_FALSE(result_);
  timer_.cancel();
  io_.poll();
  EXPECT_EQ(result_, true);
}

TEST_F(Abandonable, HandsExceptionsOn) {
  start(fail_at_once());
  ASSERT_TRUE(failure_);
  EXPECT_THROW(std::rethrow_exception(failure_), std::logic_error);
  EXPECT_EQ(exchange_.waiting_on, nullptr);
}

}  // namespace
}  // namespace sallyport::net
