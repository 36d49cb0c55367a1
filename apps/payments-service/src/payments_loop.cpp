#include "payments_loop.hpp"

#include <array>

namespace sallyport::payments_service {

using net::http::Method;
using service::Access;
using service::handler;

namespace {

payments::HttpProcessorOptions processor_options(const PaymentsServiceOptions& settings) {
  payments::HttpProcessorOptions options;
  options.url = settings.processor;
  options.api_key = settings.secrets.processor_key;
  options.try_timeout = settings.config.processor_try_timeout;
  return options;
}

payments::PaymentOptions payment_options(const PaymentsServiceOptions& settings) {
  payments::PaymentOptions options;
  options.processor_timeout = settings.config.processor_timeout;
  return options;
}

}  // namespace

std::span<const service::Route> PaymentsLoop::routes() noexcept {
  using L = PaymentsLoop;
  static constexpr std::array kRoutes{
      service::Route{Method::Post, "/payments", Access::Bearer, handler<&L::payments_, &Payments::create>},
      service::Route{Method::Get, "/payments", Access::Bearer, handler<&L::payments_, &Payments::list>},
      service::Route{Method::Get, "/payments/{id}", Access::Bearer, handler<&L::payments_, &Payments::show>},
      service::Route{Method::Post, "/payments/{id}/capture", Access::Bearer,
                     handler<&L::payments_, &Payments::capture>},
      service::Route{Method::Post, "/payments/{id}/cancel", Access::Bearer, handler<&L::payments_, &Payments::cancel>},
      service::Route{Method::Post, "/payments/{id}/refunds", Access::Bearer, handler<&L::payments_, &Payments::refund>},
  };
  return kRoutes;
}

PaymentsLoop::PaymentsLoop(service::LoopContext& context, Shared& shared)
    : processor_(context.executor, shared.clock, context.random, shared.logger, processor_options(shared.options)),
      service_({shared.repository, processor_, shared.clock, shared.logger}, payment_options(shared.options)),
      reconciler_({shared.repository, processor_, shared.clock, shared.logger}, payment_options(shared.options)),
      payments_(service_, shared.contract, shared.cursors) {
  if (context.index == 0) jobs_.emplace(shared, reconciler_, context.executor, context.shard);
}

void PaymentsLoop::start() {
  if (jobs_) jobs_->start();
}

runtime::Task<> PaymentsLoop::stop() {
  if (jobs_) co_await jobs_->stop();
  processor_.rest();
}

}  // namespace sallyport::payments_service
