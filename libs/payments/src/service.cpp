#include "sallyport/payments/service.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "sallyport/observability/log.hpp"

#include "inquiry.hpp"

namespace sallyport::payments {

namespace {

constexpr std::chrono::milliseconds kFind{3000};  // what a question may take, when the caller has more time

template <class T>
std::unexpected<Error> pass(Result<T>& result) {
  return std::unexpected(std::move(result.error()));
}

/// Time of its own for the last step: what the processor has done must be written down, however late it is.
Deadline settling(const PaymentService::Parts& parts, const PaymentOptions& options) {
  return Deadline::after(parts.clock.now(), options.settle_timeout);
}

}  // namespace

runtime::Task<Result<Answer>> inquire(PaymentService::Parts parts, PaymentOptions options, OpenOperation operation,
                                      Deadline deadline) {
  auto found = co_await parts.processor.find(operation.id, deadline.sooner(Deadline::after(parts.clock.now(), kFind)));
  if (found) {
    if (auto* approved = std::get_if<Approved>(&*found)) {
      co_return co_await parts.repository.settle(operation.id, std::move(*approved), settling(parts, options));
    }
    if (auto* declined = std::get_if<Declined>(&*found)) {
      co_return co_await parts.repository.settle(operation.id, std::move(*declined), settling(parts, options));
    }
    // Younger, it may still be on its way there from another process.
    if (std::holds_alternative<NotKnown>(*found) && operation.age >= options.not_known_after) {
      co_return co_await parts.repository.settle(operation.id, Declined{kProcessorUnavailable},
                                                 settling(parts, options));
    }
  }
  co_return co_await parts.repository.postpone(operation.id, settling(parts, options));
}

PaymentService::Task<PaymentService::Outcome> PaymentService::create(CreatePayment form, IdempotencyClaim claim,
                                                                     Deadline deadline) {
  return run(std::move(form), std::move(claim), deadline);
}

PaymentService::Task<PaymentService::Outcome> PaymentService::capture(CapturePayment form,
                                                                      std::optional<IdempotencyClaim> claim,
                                                                      Deadline deadline) {
  return run(form, std::move(claim), deadline);
}

PaymentService::Task<PaymentService::Outcome> PaymentService::cancel(CancelPayment form,
                                                                     std::optional<IdempotencyClaim> claim,
                                                                     Deadline deadline) {
  return run(form, std::move(claim), deadline);
}

PaymentService::Task<PaymentService::Outcome> PaymentService::refund(RefundPayment form, IdempotencyClaim claim,
                                                                     Deadline deadline) {
  return run(std::move(form), std::move(claim), deadline);
}

PaymentService::Task<std::optional<Payment>> PaymentService::get(UserId user, PaymentId payment, Deadline deadline) {
  return parts_.repository.find(user, payment, deadline);
}

PaymentService::Task<Page> PaymentService::list(PaymentQuery query, Deadline deadline) {
  const int limit = std::clamp(query.limit, 1, 100);
  query.limit = limit + 1;  // one more tells whether there is another page
  auto payments = co_await parts_.repository.list(query, deadline);
  if (!payments) co_return pass(payments);
  Page page{*std::move(payments)};
  page.more = page.payments.size() > static_cast<std::size_t>(limit);
  if (page.more) page.payments.pop_back();
  co_return page;
}

PaymentService::Task<Begun> PaymentService::begin(OperationRequest request, std::optional<IdempotencyClaim> claim,
                                                  Deadline deadline) {
  const bool patient = claim && claim->while_running == WhileRunning::Wait;
  runtime::Timer timer(co_await asio::this_coro::executor);
  bool in_progress = false;
  while (true) {
    const NewWork new_work = parts_.processor.closed() ? NewWork::Refused : NewWork::Allowed;
    auto begun = co_await parts_.repository.begin(request, claim, new_work, deadline);
    // The last look may run into the deadline; what an earlier one has seen still says more than "not available".
    if (!begun && in_progress) co_return Begun(Refusal::RequestInProgress);
    if (!begun || !patient) co_return begun;
    const auto* refusal = std::get_if<Refusal>(&*begun);
    if (refusal == nullptr || *refusal != Refusal::RequestInProgress) co_return begun;
    if (deadline.remaining(parts_.clock.now()) <= 2 * options_.poll) co_return begun;
    in_progress = true;
    timer.expires_after(options_.poll);
    co_await timer.async_wait(runtime::use_task);
  }
}

PaymentService::Task<PaymentService::Outcome> PaymentService::run(OperationRequest request,
                                                                  std::optional<IdempotencyClaim> claim,
                                                                  Deadline deadline) {
  auto begun = co_await begin(std::move(request), std::move(claim), deadline);
  if (!begun) co_return pass(begun);
  if (auto* refusal = std::get_if<Refusal>(&*begun)) co_return Outcome(*refusal);
  if (auto* answer = std::get_if<Answer>(&*begun)) co_return Outcome(std::move(*answer));
  Result<Answer> answer;
  if (const auto* open = std::get_if<OpenOperation>(&*begun)) {
    answer = co_await inquire(parts_, options_, *open, deadline);
  } else {
    answer = co_await carry_out(std::get<Operation>(*std::move(begun)), deadline);
  }
  if (!answer) co_return pass(answer);
  co_return Outcome(*std::move(answer));
}

PaymentService::Task<Verdict> PaymentService::call(Operation operation, Deadline deadline) {
  PaymentProcessor& processor = parts_.processor;
  switch (operation.kind) {
    case OperationKind::Authorize:
      return processor.authorize(operation.id, operation.amount, CaptureMode::Later, deadline);
    case OperationKind::Charge:
      return processor.authorize(operation.id, operation.amount, CaptureMode::AtOnce, deadline);
    case OperationKind::Capture:
      return processor.capture(operation.id, std::move(operation.authorization), operation.amount, deadline);
    case OperationKind::Void:
      return processor.void_authorization(operation.id, std::move(operation.authorization), deadline);
    case OperationKind::Refund:
      break;
  }
  return processor.refund(operation.id, std::move(operation.authorization), operation.amount, deadline);
}

PaymentService::Task<Answer> PaymentService::carry_out(Operation operation, Deadline deadline) {
  const OperationId id = operation.id;
  const OperationKind kind = operation.kind;
  const auto limit = Deadline::after(parts_.clock.now(), options_.processor_timeout);
  auto verdict = co_await call(std::move(operation), deadline.sooner(limit));
  if (verdict) co_return co_await parts_.repository.settle(id, *std::move(verdict), settling(parts_, options_));
  const bool never_sent = verdict.error().retry == Retry::Safe;
  const std::string operation_id = id.to_string();
  parts_.logger.write(log::Level::Warn, never_sent ? "payment_processor_unavailable" : "payment_outcome_unknown",
                      {{"operation_id", std::string_view(operation_id)},
                       {"kind", name_of(kind)},
                       {"detail", std::string_view(verdict.error().detail)}});
  if (never_sent) {
    co_return co_await parts_.repository.settle(id, Declined{kProcessorUnavailable}, settling(parts_, options_));
  }
  co_return co_await parts_.repository.postpone(id, settling(parts_, options_));
}

runtime::Task<Result<Reconciled>> Reconciler::run_once(Deadline deadline) {
  constexpr int kBatch = 20;
  constexpr std::chrono::seconds kQuiet{15};
  auto due = co_await parts_.repository.take_due(kBatch, kQuiet, deadline);
  if (!due) co_return pass(due);
  Reconciled done{.more = due->size() == kBatch};
  for (const OpenOperation& operation : *due) {
    if (deadline.expired(parts_.clock.now())) break;
    ++done.asked;
    auto answer = co_await inquire(parts_, options_, operation, deadline);
    if (answer && answer->status != 202) ++done.settled;
  }
  co_return done;
}

}  // namespace sallyport::payments
