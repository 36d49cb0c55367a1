#pragma once

#include <cstdint>
#include <expected>
#include <type_traits>
#include <utility>

#include "sallyport/storage/sql/session.hpp"

namespace sallyport::storage {

/// Makes an error of another kind look like a result of ours.
inline std::unexpected<SqlError> pass(SqlError error) {
  return std::unexpected(std::move(error));
}

/// Whether what a transaction did shall last.
enum class Then : std::uint8_t { Commit, Rollback };

/// Runs body(Then&) → SqlResult<T> in a transaction and commits it, or rolls it back where body says so; once more when
/// it lost a deadlock. body keeps its inputs as they are, so that it can run again.
template <class F>
auto in_transaction(SqlSession& session, F&& body) -> std::invoke_result_t<F&, Then&> {
  for (bool again = true;; again = false) {
    auto transaction = session.begin();
    if (!transaction) return pass(std::move(transaction.error()));
    Then then = Then::Commit;
    auto result = body(then);
    if (result && then == Then::Rollback) {
      transaction->rollback();
      return result;
    }
    SqlError error;
    if (result) {
      auto committed = transaction->commit();
      if (committed) return result;
      error = std::move(committed.error());
    } else {
      transaction->rollback();
      error = std::move(result.error());
    }
    if (!again || error.kind != SqlErrorKind::Serialization) return pass(std::move(error));
  }
}

}  // namespace sallyport::storage
