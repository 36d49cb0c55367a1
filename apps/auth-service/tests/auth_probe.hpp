#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <boost/asio/ip/tcp.hpp>

#include "sallyport/auth_service/auth_service.hpp"
#include "sallyport/lockout/memory_lockout_store.hpp"
#include "sallyport/storage/sql/session.hpp"
#include "sallyport/testing/service_client.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::auth_service {

using sallyport::testing::Reply;

/// A service without Redis on a database of its own, on a free port, and a client for it.
class AuthProbe : public ::testing::Test {
 protected:
  void migrate();
  AuthServiceOptions options() const;
  static asio::ip::tcp::socket connect(asio::io_context& io, const AuthService& service);
  /// The whole answer to one request on a connection of its own. line: "GET /auth/me"; fields: complete lines.
  static std::string ask_raw(const AuthService& service, const std::string& line, const std::string& fields,
                             const std::string& body);
  static Reply ask(const AuthService& service, const std::string& line, const std::string& fields = {},
                   const std::string& body = {});
  static Reply post(const AuthService& service, const std::string& path, const std::string& body);
  std::int64_t rows(const std::string& table) const;

  SystemClock clock_;
  sallyport::testing::TemporaryFolder folder_;
  storage::DatabaseUrl database_ = *storage::DatabaseUrl::parse("sqlite:" + folder_.file("a.db"));
  std::unique_ptr<storage::SqlSession> direct_ = storage::SqlSession::open(database_, {}).value();
  log::Logger logger_{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  std::shared_ptr<denylist::MemoryDenylist> denylist_ = std::make_shared<denylist::MemoryDenylist>();
};

}  // namespace sallyport::auth_service
