#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "sallyport/core/error.hpp"
#include "sallyport/storage/sql/migrator.hpp"
#include "sallyport/storage/sql/session.hpp"

namespace sallyport::storage {

/// What a service needs of its database.
struct DatabaseNeeds {
  DatabaseUrl url;
  SqlLimits limits{};
  std::span<const Migration> migrations;  ///< the schema must be exactly theirs
  std::size_t connections_max = 8;        ///< of each process
  std::uint32_t instances = 1;            ///< processes of this service
};

/// Looks at the database once, before a service serves. Blocks, for about as long as a connection and three statements
/// may take. ServiceUnavailable: it cannot be reached, does not prove who it is, or has another schema; the detail says
/// which, with its address and without secrets.
/// Logs database_ready with the server's version and the connection's TLS; warns database_plaintext when the connection
/// leaves this machine without TLS, database_unverified when it leaves it without proof of the server's identity, and
/// database_connections_scarce when all processes together could want more connections than there are.
Result<void> check_database(const DatabaseNeeds& needs, log::Logger& logger);

/// nullopt: `instances` pools of `each`, beside `others` connections, leave the server five for its operators.
std::optional<std::string> connections_problem(std::int64_t server_max, std::size_t each, std::uint32_t instances,
                                               std::int64_t others);

}  // namespace sallyport::storage
