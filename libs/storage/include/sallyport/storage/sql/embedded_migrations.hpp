#pragma once

#include <span>

#include "sallyport/storage/sql/migrator.hpp"

namespace sallyport::storage {

/// The files of db/migrations for this engine, as they were when the program was built. Target sallyport::migrations.
std::span<const Migration> embedded_migrations(SqlDialect dialect) noexcept;

}  // namespace sallyport::storage
