#include "sallyport/testing/sql_database.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "sallyport/core/clock.hpp"
#include "sallyport/storage/sql/embedded_migrations.hpp"
#include "sallyport/storage/sql/migrator.hpp"

namespace sallyport::testing {
namespace {

template <class T>
T must(storage::SqlResult<T> result) {
  if (!result) throw std::runtime_error(result.error().describe());
  return *std::move(result);
}

}  // namespace

PostgresServer& postgres_server() {
  static PostgresServer server({.connections_max = 60});
  return server;
}

SqlDatabase::SqlDatabase(SqlEngine engine) : engine_(engine) {
  if (engine == SqlEngine::PostgreSql) database_ = postgres_server().create_database();
  direct_ = must(storage::SqlSession::open(url(), storage::SqlLimits{}));
  const SystemClock clock;
  must(storage::Migrator(*direct_, storage::embedded_migrations(dialect()), clock).migrate());
  if (engine == SqlEngine::PostgreSql) create_roles();
}

SqlDatabase::~SqlDatabase() = default;

storage::DatabaseUrl SqlDatabase::url(std::uint16_t port, const std::string& role) const {
  std::string text =
      engine_ == SqlEngine::Sqlite ? "sqlite:" + folder_.file("test.db") : postgres_server().url(database_, port);
  if (!role.empty() && engine_ == SqlEngine::PostgreSql) text.replace(text.find("postgres@"), 8, role);
  auto parsed = storage::DatabaseUrl::parse(text);
  if (!parsed) throw std::runtime_error(parsed.error().detail);
  return *std::move(parsed);
}

storage::SqlDialect SqlDatabase::dialect() const noexcept {
  return engine_ == SqlEngine::Sqlite ? storage::SqlDialect::Sqlite : storage::SqlDialect::PostgreSql;
}

std::int64_t SqlDatabase::number(const std::string& sql) {
  return must(direct_->query_one(sql)).value().integer(0);
}

std::string SqlDatabase::text(const std::string& sql) {
  return must(direct_->query_one(sql)).value().text(0);
}

void SqlDatabase::run(const std::string& sql) {
  must(direct_->execute(sql));
}

void SqlDatabase::create_roles() {
  std::ifstream file(SALLYPORT_ROLES_FILE);
  const std::string roles{std::istreambuf_iterator<char>(file), {}};
  if (roles.empty()) throw std::runtime_error("no file of roles");
  if (auto made = direct_->run_script(roles); !made) throw std::runtime_error(made.error().describe());
}

}  // namespace sallyport::testing
