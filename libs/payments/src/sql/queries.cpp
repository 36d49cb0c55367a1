#include <algorithm>
#include <cstdint>
#include <limits>

#include "engine.hpp"
#include "rows.hpp"

namespace sallyport::payments::sql {

SqlResult<std::optional<Payment>> Engine::find(SqlSession& db, UserId user, PaymentId payment) const {
  auto row = db.query_one(sql_.find, payment.to_string(), user.to_string());
  if (!row) return pass(std::move(row.error()));
  return *row ? std::optional(payment_from(**row)) : std::nullopt;
}

SqlResult<std::vector<Payment>> Engine::list(SqlSession& db, const PaymentQuery& query) const {
  std::int64_t before = std::numeric_limits<std::int64_t>::max();
  std::string id;
  if (query.after) {
    before = query.after->first.time_since_epoch().count();
    id = query.after->second.to_string();
  }
  const std::string user = query.user.to_string();
  const int limit = std::clamp(query.limit, 1, 101);
  auto rows = query.status ? db.query(sql_.list_of_status, user, before, id, limit, name_of(*query.status))
                           : db.query(sql_.list, user, before, id, limit);
  if (!rows) return pass(std::move(rows.error()));
  std::vector<Payment> payments;
  payments.reserve(rows->size());
  for (const SqlRow& row : *rows) payments.push_back(payment_from(row));
  return payments;
}

SqlResult<std::vector<OpenOperation>> Engine::take_due(SqlSession& db, int limit, std::chrono::seconds quiet) const {
  return in_transaction(db, [&](Then&) -> SqlResult<std::vector<OpenOperation>> {
    auto rows = db.query(sql_.take_due, std::chrono::microseconds(quiet).count(), std::clamp(limit, 1, 1000));
    if (!rows) return pass(std::move(rows.error()));
    std::vector<OpenOperation> due;
    for (const SqlRow& row : *rows) {
      due.push_back({id_from<OperationId>(row.text(0)), std::chrono::microseconds(row.integer(1))});
    }
    return due;
  });
}

SqlResult<std::size_t> Engine::clean(SqlSession& db) const {
  return in_transaction(db, [&](Then&) -> SqlResult<std::size_t> {
    auto removed = db.execute(sql_.clean, std::chrono::microseconds(kKeyLifetime).count(), 1000);
    if (!removed) return pass(std::move(removed.error()));
    return static_cast<std::size_t>(*removed);
  });
}

}  // namespace sallyport::payments::sql
