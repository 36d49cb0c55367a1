#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sallyport/core/error.hpp"
#include "sallyport/core/secret.hpp"

namespace sallyport::storage {

enum class SqlDialect : std::uint8_t { PostgreSql, Sqlite };

/// Where the database is and how to log in. Forms:
///   postgresql://[user[:password]@]host[,host…][:port]/database[?parameter=value…]   (postgres:// too)
///   postgresql://user@/database?host=/folder/of/the/socket
///   sqlite:PATH                                                                       (a file)
/// The parameters are libpq's (PostgreSQL 15, 34.1.2), those excepted that would move the connection elsewhere or away
/// from TLS: service, passfile, gssencmode. A host must be named, so that no environment variable decides.
struct DatabaseUrl {
  SqlDialect dialect = SqlDialect::Sqlite;
  std::string path;                                             ///< SQLite: the file
  std::vector<std::pair<std::string, std::string>> parameters;  ///< PostgreSQL: by libpq's names; no password
  Secret<std::string> password;                                 ///< PostgreSQL; empty: none

  /// No error repeats any part of the text.
  static Result<DatabaseUrl> parse(std::string_view text);

  /// "host:port/database" or "sqlite:PATH": for messages.
  std::string endpoint() const;
  /// "" when it is not set.
  std::string_view parameter(std::string_view name) const noexcept;
  /// Every host is a unix socket or a loopback address. SQLite: true.
  bool is_local() const noexcept;
  /// The rule of production: off this machine only with sslmode=verify-full, unless allow_plaintext. Where sslmode is
  /// not set, connections off this machine use verify-full.
  Result<> check_transport(bool allow_plaintext) const;
};

}  // namespace sallyport::storage
