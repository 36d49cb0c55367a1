#include "dev_demo.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include <boost/asio/this_coro.hpp>

#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/payments/http_processor.hpp"
#include "sallyport/payments/service.hpp"
#include "sallyport/payments/sql_repository.hpp"
#include "sallyport/storage/sql/pool.hpp"
#include "wait_for.hpp"

namespace sallyport::app {
namespace {

using payments::CaptureMode;
using payments::PaymentService;

constexpr std::chrono::milliseconds kPatience{10'000};

/// What happens to a payment after it was made.
enum class Then : std::uint8_t { Nothing, RefundPart, RefundAll, Cancel };

struct Example {
  std::string_view reference, description;
  std::int64_t amount;
  std::string_view currency;
  CaptureMode capture = CaptureMode::AtOnce;
  Then then = Then::Nothing;
};

// The oldest first. 100.02 is one of the sandbox' magic amounts: not enough money.
constexpr Example kExamples[] = {
    {"demo-1", "Espresso machine", 24900, "EUR"},
    {"demo-2", "Two cups, one came broken", 2400, "EUR", CaptureMode::AtOnce, Then::RefundPart},
    {"demo-3", "Grinder, sent back", 8900, "EUR", CaptureMode::AtOnce, Then::RefundAll},
    {"demo-4", "Tea kettle", 540000, "JPY", CaptureMode::Later, Then::Cancel},
    {"demo-5", "A card without money", 10002, "USD"},
    {"demo-6", "Beans every month, to be captured", 1999, "EUR", CaptureMode::Later},
};

payments::IdempotencyClaim claim_of(const Example& example, std::string path) {
  return {.key = std::string(example.reference),
          .method = "POST",
          .path = std::move(path),
          .body_hash = payments::body_hash(example.description)};
}

std::unexpected<std::string> failed(const Example& example, std::string_view why) {
  return std::unexpected(std::string("the example payment ") + std::string(example.reference) + ": " +
                         std::string(why));
}

/// The payment of the user with the example's reference, if there is one.
runtime::Task<Result<std::optional<payments::Payment>>> find(PaymentService& service, payments::UserId user,
                                                             const Example& example, Deadline deadline) {
  auto page = co_await service.list({.user = user, .limit = 100}, deadline);
  if (!page) co_return std::unexpected(std::move(page.error()));
  const auto found = std::ranges::find(page->payments, example.reference,
                                       [](const payments::Payment& one) { return one.reference.value_or(""); });
  if (found == page->payments.end()) co_return std::nullopt;
  co_return std::move(*found);
}

runtime::Task<Result<PaymentService::Outcome>> follow_up(PaymentService& service, const Example& example,
                                                         const payments::Payment& payment, Deadline deadline) {
  if (example.then == Then::Cancel) co_return co_await service.cancel({payment.user, payment.id}, {}, deadline);
  const std::int64_t amount = example.then == Then::RefundPart ? example.amount / 2 : example.amount;
  co_return co_await service.refund({payment.user, payment.id, amount, "requested by the customer"},
                                    claim_of(example, "/payments/" + payment.id.to_string() + "/refunds"), deadline);
}

runtime::Task<std::expected<void, std::string>> make(PaymentService& service, payments::UserId user,
                                                     const Example& example, Deadline deadline) {
  auto there = co_await find(service, user, example, deadline);
  if (!there) co_return failed(example, there.error().detail);
  if (*there) co_return std::expected<void, std::string>();
  payments::CreatePayment form{
      .user = user,
      .amount = *payments::Money::of(example.amount, *payments::Currency::parse(example.currency)),
      .capture = example.capture,
      .description = std::string(example.description),
      .reference = std::string(example.reference)};
  auto made = co_await service.create(std::move(form), claim_of(example, "/payments"), deadline);
  if (made && example.then != Then::Nothing) {
    there = co_await find(service, user, example, deadline);
    if (!there) co_return failed(example, there.error().detail);
    if (*there) made = co_await follow_up(service, example, **there, deadline);
  }
  if (!made) co_return failed(example, made.error().detail);
  if (std::holds_alternative<payments::Refusal>(*made)) co_return failed(example, "refused");
  co_return std::expected<void, std::string>();
}

struct Parts {
  const SystemClock& clock;
  crypto::SecureRandom& random;
  payments::SqlPaymentRepository& repository;
  log::Logger& logger;
};

runtime::Task<std::expected<void, std::string>> make_all(Parts parts, payments::UserId user,
                                                         payments::HttpProcessorOptions processor_options) {
  payments::HttpPaymentProcessor processor(co_await asio::this_coro::executor, parts.clock, parts.random, parts.logger,
                                           std::move(processor_options));
  PaymentService service({parts.repository, processor, parts.clock, parts.logger});
  std::expected<void, std::string> done;
  for (const Example& example : kExamples) {
    done = co_await make(service, user, example, Deadline::after(parts.clock.now(), kPatience));
    if (!done) break;
  }
  processor.rest();
  co_return done;
}

}  // namespace

std::expected<void, std::string> make_demo_payments(const DevHome& home, accounts::UserId user,
                                                    const std::string& processor_url, log::Logger& logger) {
  auto url = payments::ProcessorUrl::parse(processor_url);
  if (!url) return std::unexpected(url.error().detail);
  const SystemClock clock;
  crypto::SecureRandom random;
  storage::SqlPool pool({.url = home.database, .connections_max = 1, .acquire = kPatience}, clock);
  payments::SqlPaymentRepository repository({pool, home.database.dialect, clock, random, logger});
  auto done = wait_for(make_all({clock, random, repository, logger}, payments::UserId(user.uuid()),
                                {.url = *std::move(url), .api_key = home.processor_key}));
  pool.stop();
  return done;
}

}  // namespace sallyport::app
