#pragma once

#include <deque>
#include <span>
#include <string>
#include <variant>

#include <soci/soci.h>

#include "sallyport/storage/sql/value.hpp"

namespace sallyport::storage::sql {

/// A statement with its values. SOCI keeps references to what it binds, so the values live here, beside it, and move
/// nowhere.
class BoundStatement final {
 public:
  /// Throws soci::soci_error, whose text quotes the values: it is for nobody's eyes.
  BoundStatement(soci::session& session, const std::string& sql, std::span<const SqlValue> values)
      : statement(session) {
    for (const SqlValue& value : values) bind(value.get());
    statement.alloc();
    // One time: a single round trip on PostgreSQL, and nothing to deallocate.
    statement.prepare(sql, soci::details::st_one_time_query);
    statement.define_and_bind();
  }
  BoundStatement(const BoundStatement&) = delete;
  BoundStatement& operator=(const BoundStatement&) = delete;

 private:
  void bind(const SqlValue::Variant& value) {
    soci::indicator& indicator = indicators_.emplace_back(soci::i_ok);
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      statement.exchange(soci::use(integers_.emplace_back(*number), indicator));
    } else if (const auto* real = std::get_if<double>(&value)) {
      statement.exchange(soci::use(reals_.emplace_back(*real), indicator));
    } else if (const auto* text = std::get_if<std::string_view>(&value)) {
      statement.exchange(soci::use(texts_.emplace_back(*text), indicator));
    } else {
      indicator = soci::i_null;
      statement.exchange(soci::use(texts_.emplace_back(), indicator));
    }
  }

  std::deque<soci::indicator> indicators_;
  std::deque<long long> integers_;
  std::deque<double> reals_;
  std::deque<std::string> texts_;

 public:
  soci::statement statement;  ///< last: it lets go of the values first
};

}  // namespace sallyport::storage::sql
