#pragma once

#include <string>

#include "sallyport/storage/sql/session.hpp"

namespace sallyport::storage::sql {

/// The connection string for SOCI and libpq, with the limits as the server's own settings and TLS as
/// DatabaseUrl::check_transport says. A URI with all parameters percent-encoded in its query (PostgreSQL 15, 34.1.1.2):
/// SOCI takes any other form apart at spaces, quoted or not. It holds the password.
std::string make_conninfo(const DatabaseUrl& url, const SqlLimits& limits);

}  // namespace sallyport::storage::sql
