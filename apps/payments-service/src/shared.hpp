#pragma once

#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/random.hpp"
#include "sallyport/cursors/cursors.hpp"
#include "sallyport/observability/metrics.hpp"
#include "sallyport/payments/sql_repository.hpp"
#include "sallyport/payments_service/payments_service.hpp"
#include "sallyport/service/contract.hpp"
#include "sallyport/storage/sql/pool.hpp"

namespace sallyport::payments_service {

/// The service's own series beside those of every service. Made once per process.
class PaymentsMetrics final {
 public:
  explicit PaymentsMetrics(metrics::Registry& registry)
      : asked_(registry.counter("payments_reconciled_total", "Open operations that the processor was asked about.")),
        settled_(registry.counter("payments_reconciled_settled_total", "Open operations that were settled that way.")),
        job_failures_(registry.counter("payments_job_failures_total", "Runs of background jobs that failed.")) {}

  metrics::CounterId asked() const noexcept { return asked_; }
  metrics::CounterId settled() const noexcept { return settled_; }
  metrics::CounterId job_failures() const noexcept { return job_failures_; }

 private:
  metrics::CounterId asked_, settled_, job_failures_;
};

/// What all event loops share. Everything in it is immutable or thread-safe, and outlives them.
struct Shared {
  Shared(PaymentsServiceOptions settings, log::Logger& log);

  const PaymentsServiceOptions options;
  log::Logger& logger;
  SystemClock clock;
  crypto::SecureRandom random;
  const service::Contract contract{"payments"};
  const cursors::Cursors cursors;
  metrics::Registry registry;
  const PaymentsMetrics metrics;
  storage::SqlPool pool;
  payments::SqlPaymentRepository repository;
};

}  // namespace sallyport::payments_service
