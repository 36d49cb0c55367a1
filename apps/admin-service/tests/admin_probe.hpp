#pragma once

#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <boost/asio/ip/tcp.hpp>

#include "sallyport/admin_service/admin_service.hpp"
#include "sallyport/core/clock.hpp"
#include "sallyport/crypto/key_ring.hpp"
#include "sallyport/testing/service_client.hpp"
#include "sallyport/testing/sql_database.hpp"

namespace sallyport::admin_service {

using testing::Reply;

/// Publishes a key set on loopback, to whoever asks for whatever.
class KeyServer final {
 public:
  explicit KeyServer(const crypto::TokenKeyRing& ring);
  ~KeyServer();
  std::string url() const;

 private:
  void serve();

  std::string answer_;
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  std::thread thread_;
};

/// A running service without Redis, two users in its database, and a client for it. On PostgreSQL it has the rights of
/// the service's run role.
class Probe final {
 public:
  explicit Probe(testing::SqlEngine engine);

  /// A header line. role: of the token.
  std::string bearer(const std::string& who, const std::string& role) const;
  std::string admin() const { return bearer(root, "admin"); }
  /// One request on a connection of its own. line: "GET /admin/users"; fields: complete lines.
  Reply ask(const std::string& line, const std::string& fields, const std::string& body = {}) const;
  /// Everything that a request could change, in one line.
  std::string stored();

  const std::string root = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b4711";
  const std::string user = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b4712";

 private:
  AdminServiceOptions options();
  void add(const std::string& id, const std::string& email, const std::string& role);

  SystemClock clock_;
  log::Logger logger_{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  crypto::TokenKeyRing ring_;
  KeyServer keys_;
  testing::SqlDatabase database_;
  std::optional<AdminService> service_;
};

}  // namespace sallyport::admin_service
