#include "sallyport/storage/sql/start_up.hpp"

#include <fmt/format.h>

#include "sallyport/observability/log.hpp"

namespace sallyport::storage {
namespace {

/// For whoever looks after the server.
constexpr std::int64_t kConnectionsLeft = 5;

void report(const DatabaseNeeds& needs, const SqlSession::Server& server, log::Logger& logger) {
  const std::string endpoint = needs.url.endpoint();
  logger.write(log::Level::Info, "database_ready",
               {{"database", std::string_view(endpoint)},
                {"server", std::string_view(server.version)},
                {"tls", std::string_view(server.tls)}});
  if (needs.url.is_local()) return;
  const std::string_view mode = needs.url.parameter("sslmode");
  if (server.tls == "none") {
    logger.write(log::Level::Warn, "database_plaintext", {{"database", std::string_view(endpoint)}});
  } else if (mode != "verify-full" && (!mode.empty() || needs.limits.allow_plaintext)) {
    logger.write(log::Level::Warn, "database_unverified", {{"database", std::string_view(endpoint)}});
  }
}

/// Connections of other roles: the other services', and whoever else is there.
SqlResult<std::int64_t> others_connected(SqlSession& session) {
  auto row = session.query_one(
      "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> current_user");
  if (!row) return std::unexpected(std::move(row.error()));
  return (*row)->integer(0);
}

}  // namespace

std::optional<std::string> connections_problem(std::int64_t server_max, std::size_t each, std::uint32_t instances,
                                               std::int64_t others) {
  const auto wanted = static_cast<std::int64_t>(each) * static_cast<std::int64_t>(instances);
  if (wanted + others <= server_max - kConnectionsLeft) return std::nullopt;
  return fmt::format(
      "{} processes with {} connections each, beside {} of other roles now, are more than the server's {} less {}",
      instances, each, others, server_max, kConnectionsLeft);
}

Result<void> check_database(const DatabaseNeeds& needs, log::Logger& logger) {
  const auto unusable = [&](std::string_view why) {
    return fail(ErrorCode::ServiceUnavailable, fmt::format("database {}: {}", needs.url.endpoint(), why));
  };
  auto session = SqlSession::open(needs.url, needs.limits);
  if (!session) return unusable(session.error().describe());
  auto problem = schema_problem(**session, needs.migrations);
  if (!problem) return unusable(problem.error().describe());
  if (*problem) return unusable(**problem);
  const auto server = (*session)->server();
  if (!server) return unusable(server.error().describe());
  report(needs, *server, logger);
  if (server->connections_max) {
    const auto others = others_connected(**session);
    if (!others) return unusable(others.error().describe());
    if (const auto scarce =
            connections_problem(*server->connections_max, needs.connections_max, needs.instances, *others)) {
      logger.write(log::Level::Warn, "database_connections_scarce", {{"detail", std::string_view(*scarce)}});
    }
  }
  return {};
}

}  // namespace sallyport::storage
