// The Lua script, MemoryStore and a third, independent statement of the same rules must agree on random sequences.
// Redis' clock cannot be moved, so the script runs with a TIME of ours in front of it; everything else of it is the
// real thing.

#include <array>
#include <charconv>
#include <map>

#include "charge_math.hpp"
#include "redis_fixture.hpp"
#include "sallyport/rate_limit/memory_store.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "scripts.hpp"

namespace sallyport::rate_limit {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using test::charge;

/// Counts by window number.
class SlidingModel {
 public:
  SlidingModel(std::int64_t limit, std::int64_t window) : limit_(limit), window_(window) {}
  bool allows(std::int64_t us, std::int64_t cost) {
    const std::int64_t ms = us / 1000;
    const std::int64_t index = ms / window_;
    const std::int64_t elapsed = ms % window_;
    return counts_[index - 1] * (window_ - elapsed) + (counts_[index] + cost) * window_ <= limit_ * window_;
  }
  void charge(std::int64_t us, std::int64_t cost) { counts_[us / 1000 / window_] += cost; }

 private:
  std::int64_t limit_, window_;
  std::map<std::int64_t, std::int64_t> counts_;
};

/// A bucket of tokens instead of a time of arrival.
class BucketModel {
 public:
  BucketModel(std::int64_t one_us, std::int64_t burst) : one_us_(one_us), full_(burst * one_us), level_(full_) {}
  bool allows(std::int64_t us, std::int64_t cost) const { return level_at(us) >= cost * one_us_; }
  void charge(std::int64_t us, std::int64_t cost) {
    level_ = level_at(us) - cost * one_us_;
    at_ = us;
  }
  std::int64_t remaining(std::int64_t us) const { return level_at(us) / one_us_; }

 private:
  std::int64_t level_at(std::int64_t us) const { return std::min(full_, level_ + (us - at_)); }
  std::int64_t one_us_, full_, level_, at_ = 0;
};

constexpr std::string_view kOurTime = R"lua(
local real, fake = redis, {ARGV[#ARGV - 1], ARGV[#ARGV]}
local redis = {call = function(name, ...)
  if name == 'TIME' then return fake end
  return real.call(name, ...)
end}
)lua";

class StoreModelTest : public ::testing::Test {
 protected:
  std::int64_t now_us() const {
    return std::chrono::duration_cast<microseconds>(clock_.now().time_since_epoch()).count();
  }

  /// The reply of acquire.lua at our time, four integers a charge.
  std::vector<std::int64_t> run_script(std::span<const Charge> charges) {
    std::vector<std::string> words = {"EVAL", std::string(kOurTime) + std::string(scripts::kAcquire),
                                      std::to_string(charges.size())};
    for (const Charge& one : charges) words.emplace_back(one.key);
    for (const Charge& one : charges) {
      words.emplace_back(one.policy->algorithm == Algorithm::Gcra ? "g" : "s");
      words.emplace_back("0");
      const GcraNumbers gcra = gcra_numbers(one);
      const bool is_gcra = one.policy->algorithm == Algorithm::Gcra;
      words.push_back(std::to_string(is_gcra ? gcra.increment_us : one.cost));
      words.push_back(std::to_string(is_gcra ? gcra.tolerance_us : one.limit));
      words.push_back(std::to_string(is_gcra ? gcra.one_us : one.policy->window.count()));
    }
    words.push_back(std::to_string(now_us() / 1'000'000));
    words.push_back(std::to_string(now_us() % 1'000'000));
    const std::vector<std::string_view> views(words.begin(), words.end());
    auto reply = test::run_on(loop_, [&](runtime::Executor) { return party_.client().command(views); });
    if (!reply) throw std::runtime_error(reply.error().message);
    std::vector<std::int64_t> out;
    for (const auto& item : std::get<std::vector<storage::RedisReply>>(reply->value)) {
      out.push_back(std::get<std::int64_t>(item.value));
    }
    return out;
  }

  /// A seeded choice in [low, high].
  std::int64_t pick(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_.next() % static_cast<std::uint64_t>(high - low + 1));
  }

  sallyport::testing::RedisServer server_;
  asio::io_context loop_{1};
  test::RedisParty party_{loop_, server_.port(), std::chrono::seconds(5)};
  sallyport::testing::FakeClock clock_;
  FastRandom random_{20260101};
  MemoryStore memory_{clock_, random_, {.keys_max = 4096}};
};

TEST_F(StoreModelTest, SlidingAndGcraAgreeOnRandomSequences) {
  for (int round = 0; round < 12; ++round) {
    const std::int64_t limit = pick(1, 30);
    const Policy slide = test::sliding("s", limit, milliseconds(pick(1000, 20'000)));
    const std::int64_t burst = pick(1, 12);
    const Policy rate = test::gcra("g", pick(1, 40), milliseconds(pick(1000, 20'000)), burst);
    const std::string tag = "{" + std::to_string(round) + "}";
    const std::string slide_key = tag + "s";
    const std::string rate_key = tag + "g";
    const std::int64_t one_us = ceil_div(rate.window.count() * 1000, rate.limit);
    SlidingModel sliding(limit, slide.window.count());
    BucketModel bucket(one_us, burst);
    int admitted = 0;

    for (int step = 0; step < 250; ++step) {
      SCOPED_TRACE("round " + std::to_string(round) + " step " + std::to_string(step));
      clock_.advance(
          microseconds(pick(0, 3) == 0 ? pick(0, 3 * slide.window.count() * 1000 / limit) : pick(0, 40'000)));
      const std::int64_t us = now_us();
      const std::array both = {charge(slide, slide_key, pick(1, std::min<std::int64_t>(limit, 3))),
                               charge(rate, rate_key, pick(1, std::min<std::int64_t>({burst, rate.limit, 2})))};
      const std::array expected = {sliding.allows(us, both[0].cost), bucket.allows(us, both[1].cost)};
      const auto script = run_script(both);
      const Decision memory = memory_.acquire_now(both);

      ASSERT_EQ(script.size(), 8U);
      for (std::size_t i = 0; i < 2; ++i) {
        ASSERT_EQ(script[4 * i] != 0, expected[i]) << i;
        ASSERT_EQ(memory.usage[i].allowed, expected[i]) << i;
        ASSERT_EQ(script[4 * i + 1], memory.usage[i].used) << i;
        ASSERT_EQ(script[4 * i + 2], memory.usage[i].reset.count()) << i;
      }
      if (!expected[0]) {
        const std::int64_t reset_us = memory.usage[0].reset.count() * 1000;
        ASSERT_TRUE(sliding.allows(us + reset_us, both[0].cost)) << "retry-after was too short";
        ASSERT_FALSE(sliding.allows(us + reset_us - 1000, both[0].cost)) << "retry-after was too long";
      }
      if (!expected[1]) {
        const std::int64_t reset_us = memory.usage[1].reset.count() * 1000;
        ASSERT_TRUE(bucket.allows(us + reset_us, both[1].cost));
        ASSERT_FALSE(bucket.allows(us + reset_us - 1000, both[1].cost));
      }
      if (expected[0] && expected[1]) {
        sliding.charge(us, both[0].cost);
        bucket.charge(us, both[1].cost);
        ++admitted;
      }
      ASSERT_EQ(memory.usage[1].remaining, bucket.remaining(us));
    }
    EXPECT_GT(admitted, 5);
    EXPECT_LT(admitted, 245);
  }
}

}  // namespace
}  // namespace sallyport::rate_limit
