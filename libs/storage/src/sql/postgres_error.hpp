#pragma once

#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "sallyport/storage/sql/error.hpp"

namespace sallyport::storage::sql {

/// What a failed result says, without the values that PostgreSQL quotes in its messages. broken: the connection is.
SqlError postgres_error(const PGresult* result, bool broken);

/// libpq's message of a failed connection attempt as one line; "" when it might quote the password.
std::string connect_message(std::string_view message, std::string_view password);

}  // namespace sallyport::storage::sql
