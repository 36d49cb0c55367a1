#pragma once

#include <string>
#include <string_view>

#include "sallyport/storage/sql/database_url.hpp"

namespace sallyport::payments::sql {

/// Writes out a statement for one engine. Replaced are
///   {now}               the database's clock in microseconds since 1970 (SQLite: whole milliseconds)
///   {for_update} and other names that begin with "for_"
///                       PostgreSQL's row lock of those words. SQLite has none, and needs none: a transaction begins by
///                       taking the one write lock.
/// Templates are constants of the program.
std::string expand(storage::SqlDialect dialect, std::string_view statement);

}  // namespace sallyport::payments::sql
