#pragma once

#include <optional>
#include <span>

#include "controllers/payments.hpp"
#include "jobs.hpp"
#include "sallyport/payments/http_processor.hpp"
#include "sallyport/payments/service.hpp"
#include "sallyport/service/service.hpp"
#include "shared.hpp"

namespace sallyport::payments_service {

/// What the service does on one event loop. Members stand in the order in which they need each other.
class PaymentsLoop final : public service::Application {
 public:
  PaymentsLoop(service::LoopContext& context, Shared& shared);

  void start() override;
  runtime::Task<> stop() override;

  static std::span<const service::Route> routes() noexcept;

 private:
  payments::HttpPaymentProcessor processor_;
  payments::PaymentService service_;
  payments::Reconciler reconciler_;
  Payments payments_;
  std::optional<BackgroundJobs> jobs_;
};

}  // namespace sallyport::payments_service
