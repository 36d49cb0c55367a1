#include "adapters/login_guard.hpp"

#include <gtest/gtest.h>

#include "sallyport/crypto/random.hpp"
#include "sallyport/lockout/memory_lockout_store.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/testing/run_task.hpp"

namespace sallyport::auth_service {
namespace {

using accounts::Email;
using accounts::GuardedAccount;
using accounts::LoginGuard;
using accounts::SessionId;
using accounts::UserId;
using Verdict = accounts::LoginGuard::Verdict;

class LockoutGuardTest : public ::testing::Test {
 protected:
  static runtime::Task<std::string> attempt(runtime::Executor, LockoutGuard* guard, GuardedAccount account,
                                            Verdict verdict, Deadline deadline) {
    auto reserved = co_await guard->reserve(std::move(account), deadline);
    if (!reserved) co_return std::string(info(reserved.error().code).code);
    if (const auto* locked = std::get_if<LoginGuard::Locked>(&*reserved)) {
      co_return "locked for " + std::to_string(locked->retry_after.count());
    }
    const auto lease = std::get<LoginGuard::Lease>(*reserved);
    const auto settled = co_await guard->settle(lease, verdict, deadline);
    if (!settled) co_return std::string(info(settled.error().code).code);
    // A lease is settled once.
    const auto again = co_await guard->settle(lease, Verdict::Right, deadline);
    if (again) co_return "settled twice";
    co_return settled->locked_now ? "locks" : "counted";
  }
  std::string attempt(const GuardedAccount& account, Verdict verdict) {
    loop_.restart();
    return sallyport::testing::run_task_on(loop_, [&](runtime::Executor executor) {
      return attempt(executor, &guard_, account, verdict, Deadline::after(clock_.now(), std::chrono::seconds(1)));
    });
  }
  void lock(const GuardedAccount& account) {
    for (int i = 0; i < 4; ++i) EXPECT_EQ(attempt(account, Verdict::Wrong), "counted");
    EXPECT_EQ(attempt(account, Verdict::Wrong), "locks");
    EXPECT_EQ(attempt(account, Verdict::Right), "locked for 900");
  }

  sallyport::testing::FakeClock clock_;
  crypto::SecureRandom random_;
  asio::io_context loop_{1};
  metrics::Registry registry_;
  lockout::LockoutMetrics metrics_{registry_};
  lockout::MemoryLockoutStore store_{clock_};
  lockout::Lockout lockout_{store_, loop_.get_executor(), clock_, random_, metrics_, registry_.make_shard()};
  Secret<std::string> pepper_{std::string(32, 'p')};
  LockoutGuard guard_{lockout_, pepper_};
  UserId user_ = UserId::make(clock_.wall_now(), random_);
};

TEST_F(LockoutGuardTest, LocksAUserAfterFiveWrongPasswords) {
  lock({user_});
}

TEST_F(LockoutGuardTest, LocksAnAddressThatNobodyHas) {
  lock({*Email::parse("nobody@example.test")});
  EXPECT_EQ(attempt({*Email::parse("somebody@example.test")}, Verdict::Wrong), "counted");
}

TEST_F(LockoutGuardTest, CountsDevicesAndSessionsApart) {
  lock({user_});
  EXPECT_EQ(attempt({user_, "device-1"}, Verdict::Wrong), "counted");
  EXPECT_EQ(attempt({user_, std::nullopt, SessionId::make(clock_.wall_now(), random_)}, Verdict::Wrong), "counted");
}

TEST_F(LockoutGuardTest, UnlockForgetsAll) {
  lock({user_});
  lock({user_, "device-1"});
  loop_.restart();
  const auto unlocked = sallyport::testing::run_task_on(loop_, [&](runtime::Executor) {
    return guard_.unlock(user_, Deadline::after(clock_.now(), std::chrono::seconds(1)));
  });
  EXPECT_TRUE(unlocked.has_value());
  EXPECT_EQ(attempt({user_}, Verdict::Wrong), "counted");
  EXPECT_EQ(attempt({user_, "device-1"}, Verdict::Wrong), "counted");
}

TEST_F(LockoutGuardTest, WhatWasNotTriedDoesNotCount) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(attempt({user_}, Verdict::NotTried), "counted");
}

}  // namespace
}  // namespace sallyport::auth_service
