#pragma once

#include <optional>
#include <string>

#include "sallyport/api_gateway/config.hpp"
#include "sallyport/storage/redis_url.hpp"
#include "sallyport/storage/sql/database_url.hpp"

namespace sallyport::app {

/// Reads and validates a configuration file. Its problems, one a line with file:line:column, and warnings go to stderr;
/// nullopt when there is more than warnings.
std::optional<api_gateway::Config> load_config_file(const std::string& file, api_gateway::ConfigMode mode,
                                                    const api_gateway::Config& base);

/// A Redis URL that may be used: plain redis:// off loopback only with allow_plaintext, rediss:// only when its files
/// can be read. Says on stderr what is wrong, after `source` (the variable or option it came from) and without the
/// password.
std::optional<storage::RedisUrl> usable_redis_url(const std::string& source, std::string_view text,
                                                  bool allow_plaintext);

/// A database URL that may be used: PostgreSQL off this machine only with verified TLS, unless allow_plaintext.
/// Likewise.
std::optional<storage::DatabaseUrl> usable_database_url(const std::string& source, std::string_view text,
                                                        bool allow_plaintext);

}  // namespace sallyport::app
