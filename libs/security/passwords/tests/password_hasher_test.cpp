#include "sallyport/passwords/password_hasher.hpp"

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <argon2.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>

#include "sallyport/testing/run_task.hpp"

namespace sallyport::passwords {
namespace {

using namespace std::chrono_literals;

constexpr Argon2Parameters kCheap{.memory_kib = 64, .passes = 1, .lanes = 1};

class Hasher : public ::testing::Test {
 protected:
  Deadline in(std::chrono::nanoseconds wait) const { return Deadline::after(clock_.now(), wait); }
  static Secret<std::string> secret(std::string_view text) { return Secret<std::string>(std::string(text)); }

  Result<bool> verify(PasswordHasher& hasher, std::string_view password, std::string phc) const {
    return sallyport::testing::run_task(
        [&](runtime::Executor) { return hasher.verify(secret(password), std::move(phc), in(30s)); });
  }
  Result<std::string> hash(PasswordHasher& hasher, std::string_view password) const {
    return sallyport::testing::run_task([&](runtime::Executor) { return hasher.hash(secret(password), in(30s)); });
  }

  SystemClock clock_;
};

// The vector of libargon2's own tests.
TEST_F(Hasher, VerifiesAHashOfTheReferenceImplementation) {
  PasswordHasher hasher({}, clock_);
  const std::string phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
  EXPECT_TRUE(verify(hasher, "password", phc).value());
  EXPECT_FALSE(verify(hasher, "Password", phc).value());
  EXPECT_FALSE(verify(hasher, "", phc).value());
  EXPECT_TRUE(hasher.needs_rehash(phc));
}

TEST_F(Hasher, MakesHashesThatTheReferenceImplementationVerifies) {
  PasswordHasher hasher({}, clock_);
  const std::string password =
      "p\xc3\xa4ss\0word"
      "1";
  const auto phc = hash(hasher, password);
  ASSERT_TRUE(phc);
  EXPECT_TRUE(phc->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *phc;
  EXPECT_EQ(argon2id_verify(phc->c_str(), password.data(), password.size()), ARGON2_OK);
  EXPECT_TRUE(verify(hasher, password, *phc).value());
  EXPECT_FALSE(hasher.needs_rehash(*phc));
}

TEST_F(Hasher, LooksAtEveryByteOfALongPassword) {
  PasswordHasher hasher({.parameters = kCheap}, clock_);
  std::string password(1024, 'a');
  const auto phc = hash(hasher, password).value();
  EXPECT_TRUE(verify(hasher, password, phc).value());
  password.back() = 'b';
  EXPECT_FALSE(verify(hasher, password, phc).value());
  password.pop_back();
  EXPECT_FALSE(verify(hasher, password, phc).value());
  // bcrypt would stop at a NUL; "a\0b" is not "a".
  const auto nul = hash(hasher, std::string_view("a\0b", 3)).value();
  EXPECT_FALSE(verify(hasher, "a", nul).value());
  EXPECT_FALSE(verify(hasher, std::string_view("a\0c", 3), nul).value());
}

TEST_F(Hasher, SaltsEveryHash) {
  PasswordHasher hasher({.parameters = kCheap}, clock_);
  EXPECT_NE(hash(hasher, "password").value(), hash(hasher, "password").value());
}

TEST_F(Hasher, KnowsWhichHashesAreOutdated) {
  PasswordHasher hasher({}, clock_);
  const auto phc = hash(hasher, "password").value();
  EXPECT_FALSE(hasher.needs_rehash(phc));
  for (const Argon2Parameters& other : {Argon2Parameters{.memory_kib = 19455}, Argon2Parameters{.passes = 3},
                                        Argon2Parameters{.memory_kib = 19456, .passes = 2, .lanes = 2}}) {
    auto changed = PasswordHash::parse(phc).value();
    changed.parameters = other;
    EXPECT_TRUE(hasher.needs_rehash(changed.to_phc()));
  }
  auto short_salt = PasswordHash::parse(phc).value();
  short_salt.salt.resize(8);
  EXPECT_TRUE(hasher.needs_rehash(short_salt.to_phc()));
  EXPECT_TRUE(hasher.needs_rehash("garbage"));
}

TEST_F(Hasher, CountsItsWorkByKind) {
  PasswordHasher hasher({.parameters = kCheap}, clock_);
  const auto phc = hash(hasher, "password").value();
  verify(hasher, "password", phc).value();
  verify(hasher, "wrong", phc).value();
  const auto burned =
      sallyport::testing::run_task([&](runtime::Executor) { return hasher.burn(secret("password"), in(30s)); });
  EXPECT_FALSE(burned.value());
  EXPECT_EQ(hasher.counts().hashed, 1U);
  EXPECT_EQ(hasher.counts().verified, 2U);
  EXPECT_EQ(hasher.counts().burned, 1U);
  EXPECT_EQ(hasher.counts().work(), 4U);
  EXPECT_EQ(hasher.counts().overloaded, 0U);
}

TEST_F(Hasher, DoesNoWorkForAHashThatIsNone) {
  PasswordHasher hasher({.parameters = kCheap}, clock_);
  for (const auto* phc :
       {"", "password", "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"}) {
    const auto result = verify(hasher, "password", phc);
    ASSERT_FALSE(result) << phc;
    EXPECT_EQ(result.error().code, ErrorCode::InternalError);
  }
  EXPECT_EQ(hasher.counts().work(), 0U);
}

TEST_F(Hasher, AnswersAFloodWithOverloaded) {
  PasswordHasher hasher({.threads = 1, .queue_max = 2}, clock_);
  constexpr std::uint64_t kFlood = 50;
  asio::io_context loop(1);
  std::uint64_t done = 0;
  std::uint64_t refused = 0;
  for (std::uint64_t i = 0; i < kFlood; ++i) {
    asio::co_spawn(loop, hasher.burn(secret("password"), in(30s)),
                   [&](std::exception_ptr failure, Result<bool> result) {
                     EXPECT_FALSE(failure);
                     if (result) {
                       ++done;
                       return;
                     }
                     ++refused;
                     EXPECT_EQ(result.error().code, ErrorCode::Overloaded);
                     EXPECT_EQ(result.error().retry, Retry::Safe);
                   });
  }
  loop.run();
  EXPECT_EQ(done + refused, kFlood);
  EXPECT_GE(done, 2U);
  EXPECT_GE(refused, 1U);
  EXPECT_EQ(hasher.counts().burned, done);
  EXPECT_EQ(hasher.counts().overloaded, refused);
  EXPECT_EQ(hasher.queued(), 0U);
}

TEST_F(Hasher, WaitsNoLongerThanItsOwnLimit) {
  PasswordHasher hasher({.threads = 1, .queue_max = 2, .wait_max = 0ms}, clock_);
  const auto result = hash(hasher, "password");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::Overloaded);
  EXPECT_EQ(hasher.counts().work(), 0U);
}

TEST_F(Hasher, MayGoBeforeTheLoopsThatWaitForIt) {
  asio::io_context loop(1);
  std::optional<Result<bool>> result;
  {
    PasswordHasher hasher({.threads = 1, .queue_max = 4}, clock_);
    for (int i = 0; i < 3; ++i)
      asio::co_spawn(loop, hasher.burn(secret("password"), in(30s)),
                     [&](std::exception_ptr, Result<bool> last) { result = std::move(last); });
    loop.poll();
  }
  loop.run();
  ASSERT_TRUE(result);
}

TEST_F(Hasher, MayOutliveALoopThatWaitsForIt) {
  PasswordHasher hasher({.threads = 1, .queue_max = 4}, clock_);
  {
    asio::io_context loop(1);
    for (int i = 0; i < 3; ++i)
      asio::co_spawn(loop, hasher.burn(secret("password"), in(30s)), [](std::exception_ptr, Result<bool>) {});
    loop.poll();
  }
  EXPECT_EQ(hasher.queued(), 0U);
}

TEST_F(Hasher, IsSharedByLoopsOnManyThreads) {
  PasswordHasher hasher({.parameters = kCheap, .threads = 2, .queue_max = 100}, clock_);
  const auto phc = hash(hasher, "password").value();
  std::vector<std::jthread> threads;
  std::atomic<int> right = 0;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 20; ++n) right += verify(hasher, i == 0 ? "wrong" : "password", phc).value() ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(right, 40);
}

TEST_F(Hasher, RefusesParametersThatAreNone) {
  EXPECT_DEATH(PasswordHasher({.parameters = {.memory_kib = 7, .passes = 1, .lanes = 1}}, clock_), "broken invariant");
  EXPECT_DEATH(PasswordHasher({.parameters = {.memory_kib = 65537, .passes = 1, .lanes = 1}}, clock_),
               "broken invariant");
}

}  // namespace
}  // namespace sallyport::passwords
