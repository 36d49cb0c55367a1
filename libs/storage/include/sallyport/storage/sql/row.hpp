#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace sallyport::storage {

/// A row did not have what was asked of it: a NULL, a column too few, a text where a number was meant. SqlPool::run
/// turns it into SqlErrorKind::Other. It never holds the row's values.
class SqlRowError final : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// One row of a result, with its values copied. Columns count from 0. A getter for a value that is NULL, or is not what
/// its name says, throws SqlRowError; the `maybe_` getters give nullopt for NULL.
class SqlRow final {
 public:
  explicit SqlRow(std::vector<std::optional<std::string>> values) noexcept : values_(std::move(values)) {}

  std::size_t size() const noexcept { return values_.size(); }
  bool is_null(std::size_t column) const { return !at(column).has_value(); }

  std::int64_t integer(std::size_t column) const;
  double real(std::size_t column) const;
  const std::string& text(std::size_t column) const;
  /// PostgreSQL's boolean, or the integers 0 and 1.
  bool boolean(std::size_t column) const;

  std::optional<std::int64_t> maybe_integer(std::size_t column) const;
  std::optional<double> maybe_real(std::size_t column) const;
  std::optional<std::string> maybe_text(std::size_t column) const { return at(column); }

 private:
  const std::optional<std::string>& at(std::size_t column) const;

  std::vector<std::optional<std::string>> values_;
};

using SqlRows = std::vector<SqlRow>;

}  // namespace sallyport::storage
