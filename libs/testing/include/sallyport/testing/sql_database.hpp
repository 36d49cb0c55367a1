#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sallyport/storage/sql/session.hpp"
#include "sallyport/testing/postgres_server.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::testing {

/// What a contract suite runs on.
enum class SqlEngine : std::uint8_t { Sqlite, PostgreSql };

/// Names the cases of a suite over both engines.
struct EngineName {
  template <class ParameterInfo>
  std::string operator()(const ParameterInfo& info) const {
    return info.param == SqlEngine::Sqlite ? "Sqlite" : "PostgreSql";
  }
};
inline constexpr EngineName engine_name{};

/// The one server of the test program.
PostgresServer& postgres_server();

/// A migrated, empty database, on PostgreSQL with the run roles. Throws std::runtime_error when something fails.
class SqlDatabase final {
 public:
  explicit SqlDatabase(SqlEngine engine);
  ~SqlDatabase();

  /// port: of a TcpGate before the server; 0: none. role: PostgreSQL's user; empty: the owner.
  storage::DatabaseUrl url(std::uint16_t port = 0, const std::string& role = {}) const;
  storage::SqlDialect dialect() const noexcept;
  storage::SqlSession& direct() noexcept { return *direct_; }
  /// One value, from a connection of its own.
  std::int64_t number(const std::string& sql);
  std::string text(const std::string& sql);
  void run(const std::string& sql);
  /// The run roles of the services, from the file that operators run.
  void create_roles();

 private:
  SqlEngine engine_;
  TemporaryFolder folder_;
  std::string database_;
  std::unique_ptr<storage::SqlSession> direct_;
};

}  // namespace sallyport::testing
