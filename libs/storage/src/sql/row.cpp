#include "sallyport/storage/sql/row.hpp"

#include <charconv>

namespace sallyport::storage {
namespace {

[[noreturn]] void refuse(std::size_t column, const char* what) {
  throw SqlRowError("column " + std::to_string(column) + " of a row " + what);
}

template <class Number>
Number parse(const std::string& text, std::size_t column) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) refuse(column, "is not a number of the expected kind");
  return value;
}

}  // namespace

const std::optional<std::string>& SqlRow::at(std::size_t column) const {
  if (column >= values_.size()) refuse(column, "does not exist");
  return values_[column];
}

const std::string& SqlRow::text(std::size_t column) const {
  const auto& value = at(column);
  if (!value) refuse(column, "is NULL");
  return *value;
}

std::int64_t SqlRow::integer(std::size_t column) const {
  return parse<std::int64_t>(text(column), column);
}

double SqlRow::real(std::size_t column) const {
  return parse<double>(text(column), column);
}

bool SqlRow::boolean(std::size_t column) const {
  const std::string& value = text(column);
  if (value == "t" || value == "1") return true;
  if (value == "f" || value == "0") return false;
  refuse(column, "is not a truth value");
}

std::optional<std::int64_t> SqlRow::maybe_integer(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}

std::optional<double> SqlRow::maybe_real(std::size_t column) const {
  return is_null(column) ? std::nullopt : std::optional(real(column));
}

}  // namespace sallyport::storage
