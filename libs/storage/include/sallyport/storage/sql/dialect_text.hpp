#pragma once

#include <string>
#include <string_view>

#include "sallyport/storage/sql/database_url.hpp"

namespace sallyport::storage {

/// Writes out a statement for one engine. Replaced are
///   {now}                 the database's clock in microseconds since 1970 (SQLite: whole milliseconds)
///   {for_update} {for_share} {for_no_key_update_of_s} and the like
///                         PostgreSQL's row locks. SQLite has none, and needs none: a transaction begins by taking the
///                         one write lock.
/// Templates are constants of the program; a name that is not known here stops it.
std::string expand(SqlDialect dialect, std::string_view statement);

}  // namespace sallyport::storage
