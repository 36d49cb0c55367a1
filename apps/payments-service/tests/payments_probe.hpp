#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <boost/json/value.hpp>

#include "sallyport/crypto/random.hpp"
#include "sallyport/crypto/signing_key.hpp"
#include "sallyport/payments_sandbox/sandbox.hpp"
#include "sallyport/payments_service/payments_service.hpp"
#include "sallyport/storage/sql/session.hpp"
#include "sallyport/testing/temporary_folder.hpp"

namespace sallyport::payments_service {

/// What the service answered.
struct Reply {
  int status = 0;
  std::string head;
  boost::json::value body;  ///< null when it is no JSON

  std::string text(const char* member) const;  ///< "" when there is no such text
  std::int64_t number(const char* member) const;
  /// "code" of a problem, then the pointers of its errors, each once, separated by spaces.
  std::string complaint() const;
};

/// A running service with a sandbox behind it, on a database of its own, and a client for it.
class Probe final {
 public:
  Probe();
  ~Probe();

  PaymentsServiceOptions options();
  void start() { start(options()); }
  void start(PaymentsServiceOptions settings);
  void stop();

  std::string bearer(const std::string& user) const;
  /// One request on a connection of its own. line: "GET /payments"; fields: complete lines.
  Reply ask(const std::string& line, const std::string& fields, const std::string& body = {}) const;
  /// As the first user, with JSON and, unless it is empty, a key.
  Reply post(const std::string& path, const std::string& body, const std::string& key = {}) const;
  Reply get(const std::string& path) const;
  std::string fresh_key() { return "key-" + std::to_string(++keys_); }
  /// A payment of the first user.
  std::string made(int amount, bool capture = true);
  std::int64_t rows(const std::string& table);
  void run(const std::string& sql);

  SystemClock clock;
  crypto::SecureRandom random;
  testing::TemporaryFolder folder;
  log::Logger logger{log::Logger::Options{.level = log::Level::Off}, log::Redactor{}};
  crypto::TokenKeyRing ring;
  payments_sandbox::Sandbox sandbox;
  storage::DatabaseUrl database;
  std::unique_ptr<storage::SqlSession> direct;
  std::optional<PaymentsService> service;
  const std::string user = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b4711";
  const std::string stranger = "01a20d11-52c4-7b1e-8a3f-6c2d9e0b4712";

 private:
  int keys_ = 0;
};

}  // namespace sallyport::payments_service
