#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "policies.hpp"
#include "sallyport/rate_limit/limiter.hpp"
#include "sallyport/testing/fake_clock.hpp"
#include "sallyport/testing/run_task.hpp"

namespace sallyport::rate_limit::test {

/// A store that fails on demand and otherwise counts in memory; remembers what it was asked.
class ScriptedStore final : public RateLimitStore {
 public:
  explicit ScriptedStore(MemoryStore& memory, sallyport::testing::FakeClock& clock) : memory_(memory), clock_(clock) {}

  runtime::Task<StoreResult<std::int64_t>> increment(std::string_view key, std::chrono::milliseconds ttl) override {
    co_return memory_.increment_now(key, ttl);
  }
  runtime::Task<StoreResult<std::optional<std::int64_t>>> get(std::string_view key) override {
    co_return memory_.get_now(key);
  }
  runtime::Task<StoreResult<Decision>> acquire(std::span<const Charge> charges) override {
    std::vector<std::string> keys;
    for (const Charge& charge : charges) keys.emplace_back(charge.key);
    calls.push_back(std::move(keys));
    clock_.advance(takes);
    if (failure) co_return std::unexpected(StoreError{*failure, "scripted"});
    co_return memory_.acquire_now(charges);
  }
  runtime::Task<StoreResult<void>> give_back(std::string_view key, std::int64_t cost,
                                             std::int64_t window_end_ms) override {
    given_back.emplace_back(key);
    if (failure) co_return std::unexpected(StoreError{*failure, "scripted"});
    memory_.give_back_now(key, cost, window_end_ms);
    co_return StoreResult<void>{};
  }
  runtime::Task<StoreResult<Decision>> look(std::span<const Charge> charges) override {
    co_return memory_.look_now(charges);
  }
  runtime::Task<StoreResult<Decision>> forget(std::span<const Charge> charges) override {
    co_return memory_.forget_now(charges);
  }

  std::optional<StoreErrorKind> failure;
  std::chrono::milliseconds takes{0};
  std::vector<std::vector<std::string>> calls;  ///< the keys of each acquire
  std::vector<std::string> given_back;

 private:
  MemoryStore& memory_;
  sallyport::testing::FakeClock& clock_;
};

class Headers final : public HeaderLookup {
 public:
  std::optional<std::string_view> find(std::string_view lower_name) const override {
    const auto found = fields.find(lower_name);
    return found != fields.end() ? std::optional<std::string_view>(found->second) : std::nullopt;
  }
  std::map<std::string, std::string, std::less<>> fields;
};

class LimiterTest : public ::testing::Test {
 protected:
  using Outcome = Verdict::Outcome;

  /// Registers the policies; call once, before plan().
  void use(std::vector<Policy> policies, LimitSettings settings = {}) {
    policies_ = std::move(policies);
    metrics_.emplace(registry_, policies_);
    limiter_.emplace(store_, local_, clock_, random_, logger_, *metrics_, registry_.make_shard(), Limiter::Options{});
    std::vector<const Policy*> all;
    for (const Policy& policy : policies_) all.push_back(&policy);
    plan_.emplace(all, "/auth/login", settings, *metrics_);
  }

  Verdict decide(const Caller& caller) {
    std::optional<Verdict> out;
    sallyport::testing::run_task([&](runtime::Executor) { return decide_into(*limiter_, *plan_, caller, out); });
    return std::move(*out);
  }
  Verdict decide(std::string_view address = "192.0.2.1") { return decide(caller(address)); }
  void settle(Verdict& verdict, int status) {
    sallyport::testing::run_task([&](runtime::Executor) { return limiter_->settle(verdict, status); });
  }
  static Caller caller(std::string_view address) { return {.address = IpAddress::parse(address).value()}; }
  static std::string fields(const Verdict& verdict) {
    std::string out;
    append_limit_fields(out, verdict);
    return out;
  }
  std::uint64_t counted(std::string_view policy, LimiterMetrics::Outcome outcome) const {
    return registry_.total(metrics_->of(policy)[static_cast<std::size_t>(outcome)]);
  }

  sallyport::testing::FakeClock clock_;
  FastRandom random_{9};
  MemoryStore remote_{clock_, random_, {.keys_max = 4096}};  ///< what plays Redis
  MemoryStore local_{clock_, random_, {.keys_max = 4096}};
  ScriptedStore store_{remote_, clock_};
  log::Logger logger_{{.level = log::Level::Off}, log::Redactor{}};
  metrics::Registry registry_;
  std::vector<Policy> policies_;
  std::optional<LimiterMetrics> metrics_;
  std::optional<Limiter> limiter_;
  std::optional<LimitPlan> plan_;

 private:
  static runtime::Task<> decide_into(Limiter& limiter, const LimitPlan& plan, const Caller& caller,
                                     std::optional<Verdict>& out) {
    out.emplace(plan);
    co_await limiter.decide(plan, caller, *out);
  }
};

}  // namespace sallyport::rate_limit::test
