#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "sallyport/core/clock.hpp"
#include "sallyport/storage/sql/pool.hpp"
#include "sallyport/storage/sql/session.hpp"
#include "sallyport/testing/postgres_server.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::storage {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The one PostgreSQL of this test program, running when a test starts.
inline testing::PostgresServer& postgres() {
  static testing::PostgresServer server;
  return server;
}

inline DatabaseUrl parse_url(const std::string& text) {
  auto url = DatabaseUrl::parse(text);
  if (!url) throw std::runtime_error(url.error().detail);
  return *std::move(url);
}

/// An empty database of the engine.
class TestDatabase final {
 public:
  explicit TestDatabase(SqlDialect dialect)
      : url_(parse_url(dialect == SqlDialect::PostgreSql ? postgres().url(postgres().create_database())
                                                         : "sqlite:" + folder_.file("test.db"))) {}

  const DatabaseUrl& url() const noexcept { return url_; }
  std::unique_ptr<SqlSession> session(const SqlLimits& limits = {}) const {
    auto opened = SqlSession::open(url_, limits);
    if (!opened) throw std::runtime_error(opened.error().describe());
    return *std::move(opened);
  }
  /// Runs statements that must succeed.
  void run(const std::string& script) const {
    if (auto run = session()->run_script(script); !run) throw std::runtime_error(run.error().describe());
  }
  std::int64_t count(const std::string& table) const {
    return session()->query_one("SELECT count(*) FROM " + table).value()->integer(0);
  }

 private:
  testing::TemporaryFolder folder_;
  DatabaseUrl url_;
};

inline SteadyTime in(milliseconds wait) {
  return std::chrono::steady_clock::now() + wait;
}

class Stopwatch {
 public:
  milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start_);
  }

 private:
  SteadyTime start_ = std::chrono::steady_clock::now();
};

/// A statement that would run for minutes.
inline std::string endless(SqlDialect dialect) {
  return dialect == SqlDialect::PostgreSql ? "SELECT pg_sleep(120)"
                                           : "WITH RECURSIVE n(x) AS (VALUES (1) UNION ALL SELECT x + 1 FROM n"
                                             " WHERE x < 100000000000) SELECT count(*) FROM n";
}

class OnBothEngines : public ::testing::TestWithParam<SqlDialect> {};

inline std::string engine_name(const ::testing::TestParamInfo<SqlDialect>& info) {
  return info.param == SqlDialect::PostgreSql ? "PostgreSql" : "Sqlite";
}

}  // namespace sallyport::storage
