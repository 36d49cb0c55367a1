#include "payment_rig.hpp"

#include <fcntl.h>
#include <fstream>

#include "sallyport/observability/redactor.hpp"

namespace sallyport::payments {
namespace {

Error lost(Retry retry) {
  return Error{ErrorCode::GatewayTimeout, "no answer", ErrorOrigin::Upstream, retry};
}

}  // namespace

std::optional<Error> ScriptedProcessor::closed() {
  return is_closed ? std::optional(Error{ErrorCode::CircuitOpen, "closed", ErrorOrigin::Upstream, Retry::Safe})
                   : std::nullopt;
}

runtime::Task<Result<Verdict>> ScriptedProcessor::answer(OperationId operation, std::function<void()> effect,
                                                         std::string reference) {
  ++calls;
  const Mood now = mood;
  const auto work = std::exchange(meanwhile, {});  // lives in this frame for as long as its coroutine runs
  if (work) co_await work();
  if (now == Mood::NeverSent) co_return std::unexpected(lost(Retry::Safe));
  if (now == Mood::Swallow) co_return std::unexpected(lost(Retry::Never));
  const std::string id = operation.to_string();
  if (!done.contains(id)) {
    if (now != Mood::Decline) effect();
    done.emplace(id, now == Mood::Decline ? Verdict(Declined{"card_declined"}) : Verdict(Approved{reference}));
  }
  if (now == Mood::LoseAnswer) co_return std::unexpected(lost(Retry::Never));
  co_return done.at(id);
}

ScriptedProcessor::Task<Verdict> ScriptedProcessor::authorize(OperationId operation, Money amount, CaptureMode capture,
                                                              Deadline) {
  const std::string reference = operation.to_string();
  return answer(
      operation,
      [this, reference, amount, capture] {
        accounts[reference].captured = capture == CaptureMode::AtOnce ? amount.minor() : 0;
      },
      reference);
}
ScriptedProcessor::Task<Verdict> ScriptedProcessor::capture(OperationId operation, std::string authorization,
                                                            Money amount, Deadline) {
  return answer(
      operation, [this, authorization, amount] { accounts.at(authorization).captured += amount.minor(); },
      authorization);
}
ScriptedProcessor::Task<Verdict> ScriptedProcessor::void_authorization(OperationId operation, std::string authorization,
                                                                       Deadline) {
  return answer(operation, [] {}, authorization);
}
ScriptedProcessor::Task<Verdict> ScriptedProcessor::refund(OperationId operation, std::string authorization,
                                                           Money amount, Deadline) {
  return answer(
      operation, [this, authorization, amount] { accounts.at(authorization).refunded += amount.minor(); },
      authorization);
}

ScriptedProcessor::Task<Finding> ScriptedProcessor::find(OperationId operation, Deadline) {
  ++questions;
  if (away) co_return std::unexpected(lost(Retry::Safe));
  if (running) co_return Finding(StillRunning{});
  const auto found = done.find(operation.to_string());
  if (found == done.end()) co_return Finding(NotKnown{});
  if (const auto* approved = std::get_if<Approved>(&found->second)) co_return Finding(*approved);
  co_return Finding(std::get<Declined>(found->second));
}

void pass_time(TestDatabase& database, std::chrono::seconds by) {
  const std::string us = std::to_string(std::chrono::microseconds(by).count());
  database.run("UPDATE payment_operations SET created_at = created_at - " + us + ", due_at = due_at - " + us);
  database.run("UPDATE idempotency_keys SET created_at = created_at - " + us + ", lease_until = lease_until - " + us);
}

Rig::Rig(TestDatabase& database, const std::string& role)
    : log_fd(::open(folder.file("log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600)),
      logger(log::Logger::Options{.fd = log_fd.fd}, log::Redactor()),
      pool(storage::SqlPoolOptions{.url = database.url(0, role), .acquire = std::chrono::milliseconds(5000)}, clock),
      repository({pool, database.dialect(), clock, random, logger}),
      options{.poll = 5ms},
      service({repository, processor, clock, logger}, options),
      reconciler({repository, processor, clock, logger}, options),
      user(UserId::make(clock.wall_now(), random)) {}

Rig::~Rig() {
  pool.stop();
}

std::vector<Result<Rig::Outcome>> Rig::run_all(const std::vector<Start>& tasks) {
  std::vector<std::optional<Result<Outcome>>> results(tasks.size());
  std::size_t left = tasks.size();
  bool done = tasks.empty();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    boost::asio::co_spawn(loop, keep(tasks[i](), results[i]), [&](std::exception_ptr) { done = --left == 0; });
  }
  testing::detail::run_until(loop, done, 30s);
  std::vector<Result<Outcome>> all;
  for (auto& result : results) all.push_back(result ? *std::move(result) : fail(ErrorCode::InternalError, "thrown"));
  return all;
}

IdempotencyClaim Rig::claim(std::string key, std::string path, const std::string& body) {
  return {std::move(key), "POST", std::move(path), body_hash(body), WhileRunning::Refuse};
}

Rig::Outcome Rig::create(std::int64_t amount, CaptureMode mode, const std::string& key) {
  const Money money = *Money::of(amount, *Currency::parse("EUR"));
  return run([&] {
    return service.create({.user = user, .amount = money, .capture = mode},
                          claim(key.empty() ? fresh_key() : key, "/payments", std::to_string(amount)), soon());
  });
}

PaymentId Rig::made(std::int64_t amount, CaptureMode mode) {
  return *PaymentId::parse(member(answer_of(create(amount, mode)), "id"));
}

Rig::Outcome Rig::capture(PaymentId payment, std::optional<std::int64_t> amount) {
  return run([&] { return service.capture({user, payment, amount}, std::nullopt, soon()); });
}
Rig::Outcome Rig::cancel(PaymentId payment) {
  return run([&] { return service.cancel({user, payment}, std::nullopt, soon()); });
}
Rig::Outcome Rig::refund(PaymentId payment, std::int64_t amount, const std::string& key) {
  return run([&] {
    return service.refund(
        {.user = user, .payment = payment, .amount = amount},
        claim(key.empty() ? fresh_key() : key, "/payments/" + payment.to_string() + "/refunds", std::to_string(amount)),
        soon());
  });
}

Payment Rig::look(PaymentId payment) {
  return run([&] { return service.get(user, payment, soon()); }).value();
}
std::string Rig::log_text() {
  logger.flush();
  std::ifstream file(folder.file("log"), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Reconciled Rig::reconcile() {
  return run([&] { return reconciler.run_once(soon()); });
}

const Answer& answer_of(const Rig::Outcome& outcome) {
  if (const auto* answer = std::get_if<Answer>(&outcome)) return *answer;
  throw std::runtime_error("refused: " + told(outcome));
}

std::string member(const Answer& answer, const std::string& name) {
  const std::string start = "\"" + name + "\":\"";
  const auto at = answer.body.find(start);
  if (at == std::string::npos) return {};
  const auto begin = at + start.size();
  return answer.body.substr(begin, answer.body.find('"', begin) - begin);
}

std::string told(const Rig::Outcome& outcome) {
  if (const auto* refusal = std::get_if<Refusal>(&outcome)) return std::string(info(code_of(*refusal)).code);
  const Answer& answer = std::get<Answer>(outcome);
  return std::to_string(answer.status) + " " + member(answer, "status");
}

std::string told(const Result<Rig::Outcome>& outcome) {
  return outcome ? told(*outcome) : std::string(info(outcome.error().code).code) + ": " + outcome.error().detail;
}

void PaymentContract::TearDown() {
  const std::string sum = "(SELECT COALESCE(SUM(e.amount), 0) FROM payment_events e WHERE e.payment_id = p.id AND ";
  EXPECT_EQ(database.number("SELECT COUNT(*) FROM payments p WHERE p.captured_amount <> " + sum +
                            "e.type = 'captured') OR p.refunded_amount <> " + sum + "e.type = 'refunded')"),
            0);
  EXPECT_EQ(
      database.number("SELECT COUNT(*) FROM payments p WHERE p.refunded_amount <> (SELECT COALESCE(SUM(r.amount), "
                      "0) FROM refunds r WHERE r.payment_id = p.id AND r.status = 'succeeded')"),
      0);
  EXPECT_EQ(
      database.number("SELECT COUNT(*) FROM payments p WHERE p.captured_amount > p.amount OR p.refunded_amount + "
                      "(SELECT COALESCE(SUM(o.amount), 0) FROM payment_operations o WHERE o.payment_id = p.id AND "
                      "o.kind = 'refund' AND o.state = 'pending') > p.captured_amount"),
      0);
}

}  // namespace sallyport::payments
