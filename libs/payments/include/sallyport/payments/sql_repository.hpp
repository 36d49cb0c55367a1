#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "sallyport/core/clock.hpp"
#include "sallyport/core/random.hpp"
#include "sallyport/payments/repository.hpp"
#include "sallyport/storage/sql/database_url.hpp"

namespace sallyport::log {
class Logger;
}
namespace sallyport::storage {
class SqlPool;
}

namespace sallyport::payments {

namespace sql {
class Engine;
}

/// Payments in PostgreSQL or SQLite. One for a process, used by all of its event loops. Every time that is stored or
/// compared comes from the database's clock.
class SqlPaymentRepository final : public PaymentRepository {
 public:
  /// All outlive the pool's threads: stop the pool first.
  struct Parts {
    storage::SqlPool& pool;
    storage::SqlDialect dialect;
    const Clock& clock;  ///< calendar time in new ids
    Random& random;      ///< thread-safe, for new ids
    log::Logger& logger;
  };
  explicit SqlPaymentRepository(Parts parts);
  ~SqlPaymentRepository() override;

  Task<Begun> begin(OperationRequest request, std::optional<IdempotencyClaim> claim, NewWork new_work,
                    Deadline deadline) override;
  Task<Answer> settle(OperationId operation, Verdict verdict, Deadline deadline) override;
  Task<Answer> postpone(OperationId operation, Deadline deadline) override;
  Task<std::optional<Payment>> find(UserId user, PaymentId payment, Deadline deadline) override;
  Task<std::vector<Payment>> list(PaymentQuery query, Deadline deadline) override;
  Task<std::vector<OpenOperation>> take_due(int limit, std::chrono::seconds quiet, Deadline deadline) override;
  Task<std::size_t> clean(Deadline deadline) override;

 private:
  storage::SqlPool& pool_;
  log::Logger& logger_;
  std::shared_ptr<const sql::Engine> engine_;  ///< shared with the work under way
};

}  // namespace sallyport::payments
