#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <type_traits>

#include "redis_fixture.hpp"
#include "sallyport/rate_limit/memory_store.hpp"
#include "sallyport/testing/fake_clock.hpp"

namespace sallyport::rate_limit::test {

/// A store under test, seen through two clients.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual RateLimitStore& store(std::size_t client = 0) = 0;
  /// Lets time pass in the store's clock.
  virtual void pass(std::chrono::milliseconds time) = 0;
  asio::io_context loop{1};
};

class MemorySubject final : public Subject {
 public:
  RateLimitStore& store(std::size_t) override { return store_; }
  void pass(std::chrono::milliseconds time) override { clock_.advance(time); }

 private:
  sallyport::testing::FakeClock clock_;
  FastRandom random_{1};
  MemoryStore store_{clock_, random_, {.keys_max = 4096}};
};

inline sallyport::testing::RedisServer& contract_server() {
  static sallyport::testing::RedisServer one;
  return one;
}

class RedisSubject final : public Subject {
 public:
  RedisSubject() { contract_server().command({"FLUSHALL"}); }
  RateLimitStore& store(std::size_t client) override { return client == 0 ? first_.store() : second_.store(); }
  /// Redis has no other clock than the real one.
  void pass(std::chrono::milliseconds time) override { std::this_thread::sleep_for(time); }

 private:
  RedisParty first_{loop, contract_server().port(), std::chrono::seconds(5)};
  RedisParty second_{loop, contract_server().port(), std::chrono::seconds(5)};
};

enum class Kind { Memory, Redis };

class StoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  StoreContract() {
    if (GetParam() == Kind::Memory) subject_ = std::make_unique<MemorySubject>();
    if (GetParam() == Kind::Redis) subject_ = std::make_unique<RedisSubject>();
  }
  RateLimitStore& store() { return subject_->store(); }
  void pass(std::chrono::milliseconds time) { subject_->pass(time); }

  /// The value of a call that must not fail.
  template <class Make>
  auto get(Make make) {
    auto result = run_on(subject_->loop, [&](runtime::Executor) { return make(); });
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<typename decltype(result)::value_type>) return *std::move(result);
  }
  Decision acquire(std::span<const Charge> charges) {
    return get([&] { return store().acquire(charges); });
  }
  Usage acquire_one(const Policy& policy, std::int64_t cost = 1) {
    const Charge one = charge(policy, kKey, cost);
    return acquire({&one, 1}).usage[0];
  }
  std::int64_t increment(std::chrono::milliseconds ttl) {
    return get([&] { return store().increment(kKey, ttl); });
  }
  std::optional<std::int64_t> count() {
    return get([&] { return store().get(kKey); });
  }
  void give_back(std::int64_t cost, std::int64_t window_end) {
    get([&] { return store().give_back(kKey, cost, window_end); });
  }

  static constexpr std::string_view kKey = "sp:rl:{ip:192.0.2.1}:one";
  static constexpr std::string_view kOther = "sp:rl:{ip:192.0.2.1}:two";
  std::unique_ptr<Subject> subject_;
};

}  // namespace sallyport::rate_limit::test
