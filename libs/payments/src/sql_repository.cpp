#include "sallyport/payments/sql_repository.hpp"

#include <utility>

#include "sallyport/observability/log.hpp"
#include "sallyport/storage/sql/pool.hpp"

#include "sql/engine.hpp"

namespace sallyport::payments {
namespace {

using sql::Engine;
using storage::SqlErrorKind;
using storage::SqlResult;
using storage::SqlSession;

template <class T>
Result<T> for_caller(log::Logger& logger, SqlResult<T> result) {
  if (result) return *std::move(result);
  const storage::SqlError& error = result.error();
  const bool bug = error.kind == SqlErrorKind::Other || error.kind == SqlErrorKind::Check ||
                   error.kind == SqlErrorKind::ForeignKey || error.kind == SqlErrorKind::UniqueViolation;
  logger.write(bug ? log::Level::Error : log::Level::Warn, "payments_database_failed",
               {{"kind", storage::name_of(error.kind)}, {"error", std::string_view(error.describe())}});
  return std::unexpected(storage::to_error(error));
}

}  // namespace

SqlPaymentRepository::SqlPaymentRepository(Parts parts)
    : pool_(parts.pool),
      logger_(parts.logger),
      engine_(std::make_shared<const Engine>(parts.dialect, parts.clock, parts.random, parts.logger)) {}
SqlPaymentRepository::~SqlPaymentRepository() = default;

SqlPaymentRepository::Task<Begun> SqlPaymentRepository::begin(OperationRequest request,
                                                              std::optional<IdempotencyClaim> claim, NewWork new_work,
                                                              Deadline deadline) {
  auto work = [engine = engine_, request = std::move(request), claim = std::move(claim), new_work](SqlSession& db) {
    return engine->begin(db, request, claim, new_work);
  };
  co_return for_caller(logger_, co_await pool_.run(deadline, std::move(work)));
}

SqlPaymentRepository::Task<Answer> SqlPaymentRepository::settle(OperationId operation, Verdict verdict,
                                                                Deadline deadline) {
  auto work = [engine = engine_, operation, verdict = std::move(verdict)](SqlSession& db) {
    return engine->settle(db, operation, verdict);
  };
  co_return for_caller(logger_, co_await pool_.run(deadline, std::move(work)));
}

SqlPaymentRepository::Task<Answer> SqlPaymentRepository::postpone(OperationId operation, Deadline deadline) {
  auto work = [engine = engine_, operation](SqlSession& db) { return engine->postpone(db, operation); };
  co_return for_caller(logger_, co_await pool_.run(deadline, std::move(work)));
}

SqlPaymentRepository::Task<std::optional<Payment>> SqlPaymentRepository::find(UserId user, PaymentId payment,
                                                                              Deadline deadline) {
  auto work = [engine = engine_, user, payment](SqlSession& db) { return engine->find(db, user, payment); };
  co_return for_caller(logger_, co_await pool_.run(deadline, std::move(work), storage::WhenAbandoned::Cancel));
}

SqlPaymentRepository::Task<std::vector<Payment>> SqlPaymentRepository::list(PaymentQuery query, Deadline deadline) {
  auto work = [engine = engine_, query](SqlSession& db) { return engine->list(db, query); };
  co_return for_caller(logger_, co_await pool_.run(deadline, std::move(work), storage::WhenAbandoned::Cancel));
}

SqlPaymentRepository::Task<std::vector<OpenOperation>> SqlPaymentRepository::take_due(int limit,
                                                                                      std::chrono::seconds quiet,
                                                                                      Deadline deadline) {
  auto work = [engine = engine_, limit, quiet](SqlSession& db) { return engine->take_due(db, limit, quiet); };
  co_return for_caller(logger_, co_await pool_.run(deadline, std::move(work)));
}

SqlPaymentRepository::Task<std::size_t> SqlPaymentRepository::clean(Deadline deadline) {
  auto work = [engine = engine_](SqlSession& db) { return engine->clean(db); };
  co_return for_caller(logger_, co_await pool_.run(deadline, std::move(work)));
}

}  // namespace sallyport::payments
