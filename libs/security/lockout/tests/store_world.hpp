#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "lockout_fixture.hpp"
#include "sallyport/lockout/memory_lockout_store.hpp"
#include "sallyport/testing/fake_clock.hpp"

namespace sallyport::lockout::test {

/// A store under test, seen through two clients, with a clock that the test moves.
class World {
 public:
  virtual ~World() = default;
  virtual LockoutStore& store(std::size_t client = 0) = 0;
  virtual void pass(milliseconds time) = 0;

  /// The value of a call that must not fail.
  template <class Make>
  auto get(Make make) {
    auto result = run_on(loop, [&](runtime::Executor) { return make(); });
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<typename decltype(result)::value_type>) return *std::move(result);
  }

  asio::io_context loop{1};
};

enum class WorldKind : std::uint8_t { Memory, Redis };

class MemoryWorld final : public World {
 public:
  LockoutStore& store(std::size_t) override { return store_; }
  void pass(milliseconds time) override { clock_.advance(time); }

 private:
  sallyport::testing::FakeClock clock_;
  MemoryLockoutStore store_{clock_};
};

inline sallyport::testing::RedisServer& server() {
  static sallyport::testing::RedisServer one;
  return one;
}

/// Time passes by moving everything that Redis holds into the past.
inline void age_redis(milliseconds by) {
  static constexpr const char* kScript = R"lua(
    for _, key in ipairs(redis.call('KEYS', '*')) do
      if redis.call('TYPE', key).ok == 'zset' then
        for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
          redis.call('ZINCRBY', key, -ARGV[1], member)
        end
      end
      local ttl = redis.call('PTTL', key)
      if ttl >= 0 then redis.call('PEXPIRE', key, ttl - ARGV[1]) end
    end
    return 'done')lua";
  const std::string answer = server().command({"EVAL", kScript, "0", std::to_string(by.count())});
  if (answer != "done") throw std::runtime_error(answer);
}

class RedisWorld final : public World {
 public:
  RedisWorld() { server().command({"FLUSHALL"}); }
  LockoutStore& store(std::size_t client) override { return client == 0 ? first_.store() : second_.store(); }
  void pass(milliseconds time) override { age_redis(time); }

 private:
  RedisParty first_{loop, server().port(), seconds(5)};
  RedisParty second_{loop, server().port(), seconds(5)};
};

inline std::unique_ptr<World> make_world(WorldKind kind) {
  if (kind == WorldKind::Memory) return std::make_unique<MemoryWorld>();
  return std::make_unique<RedisWorld>();
}

/// Redis has a real clock besides, so a time that is left may be a little shorter.
inline bool about(milliseconds actual, milliseconds expected) {
  return actual <= expected && actual > expected - seconds(4);
}

}  // namespace sallyport::lockout::test
