#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <unistd.h>

#include "sallyport/crypto/random.hpp"
#include "sallyport/observability/log.hpp"
#include "sallyport/payments/service.hpp"
#include "sallyport/payments/sql_repository.hpp"
#include "sallyport/storage/sql/pool.hpp"
#include "sallyport/storage/sql/session.hpp"
#include "sallyport/testing/run_task.hpp"
#include "sallyport/testing/sql_database.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::payments {

using namespace std::chrono_literals;

/// A processor in memory that does what the test says, keeps its own account, and does each operation once.
class ScriptedProcessor final : public PaymentProcessor {
 public:
  enum class Mood { Approve, Decline, LoseAnswer, NeverSent, Swallow };  ///< LoseAnswer: done; Swallow: not done

  std::optional<Error> closed() override;
  Task<Verdict> authorize(OperationId operation, Money amount, CaptureMode capture, Deadline deadline) override;
  Task<Verdict> capture(OperationId operation, std::string authorization, Money amount, Deadline deadline) override;
  Task<Verdict> void_authorization(OperationId operation, std::string authorization, Deadline deadline) override;
  Task<Verdict> refund(OperationId operation, std::string authorization, Money amount, Deadline deadline) override;
  Task<Finding> find(OperationId operation, Deadline deadline) override;

  struct Account {
    std::int64_t captured = 0, refunded = 0;
  };
  Mood mood = Mood::Approve;
  bool is_closed = false;
  bool away = false;  ///< find() fails
  bool running = false;
  /// Called once, while the processor works and before it answers.
  std::function<runtime::Task<>()> meanwhile;
  int calls = 0, questions = 0;
  std::map<std::string, Account> accounts;  ///< by the authorization's reference
  std::map<std::string, Verdict> done;      ///< by operation

 private:
  runtime::Task<Result<Verdict>> answer(OperationId operation, std::function<void()> effect, std::string reference);
};

using Engine = testing::SqlEngine;
using TestDatabase = testing::SqlDatabase;
using testing::engine_name;

/// Everything stored becomes so much older.
void pass_time(TestDatabase& database, std::chrono::seconds by);

/// Keeps what a task returns, which need not have a default value.
template <class R>
runtime::Task<> keep(runtime::Task<R> task, std::optional<R>& out) {
  out.emplace(co_await std::move(task));
}

/// One process of the payments service, on a database that others may share.
class Rig final {
 public:
  explicit Rig(TestDatabase& database, const std::string& role = {});
  ~Rig();

  Deadline soon(std::chrono::milliseconds time = 10s) const { return Deadline::after(clock.now(), time); }

  /// Runs make() → Task<Result<T>> to its end; the test fails when the result is an error.
  template <class Make>
  auto run(Make make) {
    auto result = attempt(std::move(make));
    if (!result) {
      ADD_FAILURE() << result.error().detail;
      throw std::runtime_error("unexpected: " + result.error().detail);
    }
    return *std::move(result);
  }
  template <class Make>
  auto attempt(Make make) {
    using R = typename decltype(make())::value_type;
    std::optional<R> out;
    testing::run_task_on(loop, [&](runtime::Executor) { return keep(make(), out); });
    return *std::move(out);
  }
  using Outcome = PaymentService::Outcome;
  using Start = std::function<runtime::Task<Result<Outcome>>()>;
  /// Starts all of them before any can end, and returns what each came to, in their order.
  std::vector<Result<Outcome>> run_all(const std::vector<Start>& tasks);

  /// A claim for a request with that key; `body` stands for the rest of it.
  static IdempotencyClaim claim(std::string key, std::string path = "/payments", const std::string& body = "{}");

  Outcome create(std::int64_t amount, CaptureMode mode = CaptureMode::AtOnce, const std::string& key = {});
  /// The id of a payment that must be made.
  PaymentId made(std::int64_t amount, CaptureMode mode = CaptureMode::AtOnce);
  Outcome capture(PaymentId payment, std::optional<std::int64_t> amount = {});
  Outcome cancel(PaymentId payment);
  Outcome refund(PaymentId payment, std::int64_t amount, const std::string& key = {});
  Payment look(PaymentId payment);
  Reconciled reconcile();
  std::string log_text();
  std::string fresh_key() { return "key-" + std::to_string(++keys_); }

  SystemClock clock;
  crypto::SecureRandom random;
  testing::TemporaryFolder folder;
  /// Closed after the logger, whose thread writes to it to the end.
  struct LogFile {
    explicit LogFile(int opened) : fd(opened) {}
    LogFile(const LogFile&) = delete;
    LogFile& operator=(const LogFile&) = delete;
    ~LogFile() { ::close(fd); }
    int fd;
  } log_fd;
  log::Logger logger;
  asio::io_context loop{1};
  asio::executor_work_guard<runtime::Executor> awake{loop.get_executor()};  ///< it is run in pieces
  ScriptedProcessor processor;
  storage::SqlPool pool;
  SqlPaymentRepository repository;
  PaymentOptions options;
  PaymentService service;
  Reconciler reconciler;
  UserId user;

 private:
  int keys_ = 0;
};

/// "201 captured", "202 processing", or the refusal's code; for a refund its status.
std::string told(const Rig::Outcome& outcome);
std::string told(const Result<Rig::Outcome>& outcome);
/// The value of a text member of an answer's JSON.
std::string member(const Answer& answer, const std::string& name);
const Answer& answer_of(const Rig::Outcome& outcome);

class PaymentContract : public ::testing::TestWithParam<Engine> {
 protected:
  /// After every test the ledger's sums are what the rows say, and within their bounds.
  void TearDown() override;

  TestDatabase database{GetParam()};
};

}  // namespace sallyport::payments
